import { allow } from "./commands/allow.ts";
import { ban } from "./commands/ban.ts";
import { check } from "./commands/check.ts";
import type { Command } from "./commands/command.ts";
import { completions } from "./commands/completions.ts";
import { demo } from "./commands/demo.ts";
import { key } from "./commands/key.ts";
import { port } from "./commands/port.ts";
import { proxy } from "./commands/proxy.ts";
import { serve } from "./commands/serve.ts";
import { ssh } from "./commands/ssh.ts";
import { status } from "./commands/status.ts";
import { runCommand } from "./dispatch.ts";
import { type Host, systemHost } from "./host/host.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  serve,
  ban,
  allow,
  status,
  port,
  ssh,
  proxy,
  key,
  check,
  demo,
  completions(() => COMMANDS),
];

/** Runs one command line and returns its exit code: {@linkcode runCommand} with every command. */
export async function run(argv: readonly string[], host: Host = systemHost): Promise<number> {
  return await runCommand(argv, COMMANDS, host);
}
