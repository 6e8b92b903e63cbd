import type { Command } from "../cli/command.ts";
import { port } from "./port.ts";
import { proxy } from "./proxy.ts";
import { ssh } from "./ssh.ts";
import { runCommand } from "../cli/dispatch.ts";
import { type Host, systemHost } from "../os/host.ts";

/** The commands between a user and a login, which have to start fast. */
const LOGIN: readonly Command[] = [port, ssh, proxy];

/** Runs one command line that begins with one of `LOGIN_COMMANDS`. */
export async function run(argv: readonly string[], host: Host = systemHost): Promise<number> {
  return await runCommand(argv, LOGIN, host);
}
