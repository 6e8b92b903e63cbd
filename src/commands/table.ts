import { allow } from "./allow.ts";
import { ban } from "./ban.ts";
import { check } from "./check.ts";
import type { Command } from "../cli/command.ts";
import { completions } from "./completions.ts";
import { demo } from "./demo.ts";
import { fleet } from "./fleet.ts";
import { forward } from "./forward.ts";
import { key } from "./key.ts";
import { page } from "./page.ts";
import { port } from "./port.ts";
import { proxy } from "./proxy.ts";
import { serve } from "./serve.ts";
import { setup } from "./setup.ts";
import { share } from "./share.ts";
import { ssh } from "./ssh.ts";
import { status } from "./status.ts";
import { user } from "./user.ts";
import { wg } from "./wg.ts";
import { runCommand } from "../cli/dispatch.ts";
import { type Host, systemHost } from "../os/host.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  setup,
  serve,
  ban,
  allow,
  user,
  status,
  port,
  ssh,
  proxy,
  forward,
  wg,
  key,
  page,
  fleet,
  share,
  check,
  demo,
  completions(() => COMMANDS),
];

/** Runs one command line and returns its exit code: {@linkcode runCommand} with every command. */
export async function run(argv: readonly string[], host: Host = systemHost): Promise<number> {
  return await runCommand(argv, COMMANDS, host);
}
