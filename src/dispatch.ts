import type { Command } from "./commands/command.ts";
import { parseArguments, suggestion } from "./core/arguments.ts";
import { C3poError, Misuse } from "./core/errors.ts";
import { helpOf, overview } from "./core/help.ts";
import { VERSION } from "./core/version.ts";
import type { Host } from "./host/host.ts";
import { report } from "./host/terminal.ts";

/**
 * Runs one command line. The only place where errors are caught.
 *
 * @param argv what stood behind `c3po`
 * @param commands those that there are
 * @returns the exit code: 0 done, 1 failed, 2 misuse, 10 a service was rolled back; `ssh` passes its
 * child's
 */
export async function runCommand(
  argv: readonly string[],
  commands: readonly Command[],
  host: Host,
): Promise<number> {
  try {
    return await dispatch(argv, commands, host);
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

async function dispatch(
  argv: readonly string[],
  commands: readonly Command[],
  host: Host,
): Promise<number> {
  const [word, ...rest] = argv;
  if (word === undefined) throw new Misuse("no command given", { hint: "c3po --help lists them" });
  if (word === "--version" || word === "-V") return answer(`c3po ${VERSION}\n`, host);
  if (word === "--help" || word === "-h" || word === "help") {
    const [topic] = rest;
    const text = topic === undefined ? overview(commands) : helpOf(commandNamed(topic, commands));
    return answer(text, host);
  }
  const command = commandNamed(word, commands);
  const args = parseArguments(command, rest);
  if (args.has("help")) return answer(helpOf(command), host);
  return await command.run(args, host);
}

function commandNamed(word: string, commands: readonly Command[]): Command {
  const command = commands.find(({ name }) => name === word);
  if (command !== undefined) return command;
  const near = suggestion(word, commands.map(({ name }) => name));
  throw new Misuse(`unknown command "${word}"`, {
    hint: near === null ? "c3po --help lists the commands" : `did you mean "c3po ${near}"?`,
  });
}

function answer(text: string, host: Host): number {
  host.terminal.out(text);
  return 0;
}
