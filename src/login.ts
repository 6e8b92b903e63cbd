import type { Command } from "./commands/command.ts";
import { port } from "./commands/port.ts";
import { proxy } from "./commands/proxy.ts";
import { ssh } from "./commands/ssh.ts";
import { runCommand } from "./dispatch.ts";
import { type Host, systemHost } from "./host/host.ts";

/** The commands between a user and a login, which have to start fast. */
const LOGIN: readonly Command[] = [port, ssh, proxy];

/** Runs one command line that begins with one of `LOGIN_COMMANDS`. */
export async function run(argv: readonly string[], host: Host = systemHost): Promise<number> {
  return await runCommand(argv, LOGIN, host);
}
