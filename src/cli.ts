import { parseArguments, suggestion } from "./core/arguments.ts";
import { C3poError, Misuse } from "./core/errors.ts";
import { helpOf, overview } from "./core/help.ts";
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
import { type Host, systemHost } from "./host/host.ts";
import { report } from "./host/terminal.ts";
import { VERSION } from "./core/version.ts";

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

/**
 * Runs one command line. The only place where errors are caught.
 *
 * @param argv what stood behind `c3po`
 * @returns the exit code: 0 done, 1 failed, 2 misuse, 10 a service was rolled back; `ssh` passes its
 * child's
 */
export async function run(argv: readonly string[], host: Host = systemHost): Promise<number> {
  try {
    return await dispatch(argv, host);
  } catch (error) {
    return failed(error, host);
  }
}

function failed(error: unknown, host: Host): number {
  // Cleaning up after a failure failed too: both are told, the first one first.
  if (error instanceof SuppressedError) {
    const code = failed(error.suppressed, host);
    failed(error.error, host);
    return code;
  }
  if (!(error instanceof C3poError)) throw error;
  report(error, host.terminal);
  return error.exitCode;
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  const [word, ...rest] = argv;
  if (word === undefined) throw new Misuse("no command given", { hint: "c3po --help lists them" });
  if (word === "--version" || word === "-V") return answer(`c3po ${VERSION}\n`, host);
  if (word === "--help" || word === "-h" || word === "help") {
    const [topic] = rest;
    return answer(topic === undefined ? overview(COMMANDS) : helpOf(commandNamed(topic)), host);
  }
  const command = commandNamed(word);
  const args = parseArguments(command, rest);
  if (args.has("help")) return answer(helpOf(command), host);
  return await command.run(args, host);
}

function commandNamed(word: string): Command {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command !== undefined) return command;
  const near = suggestion(word, COMMANDS.map(({ name }) => name));
  throw new Misuse(`unknown command "${word}"`, {
    hint: near === null ? "c3po --help lists the commands" : `did you mean "c3po ${near}"?`,
  });
}

function answer(text: string, host: Host): number {
  host.terminal.out(text);
  return 0;
}
