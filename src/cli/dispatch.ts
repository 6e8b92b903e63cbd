import type { Command } from "./command.ts";
import { parseArguments } from "./arguments.ts";
import { suggestion } from "../os/suggestion.ts";
import { C3poError, Failure, Misuse } from "../os/errors.ts";
import { helpOf, overview } from "./help.ts";
import { VERSION } from "../os/version.ts";
import { type Host, os, systemHost, withholdSecrets } from "../os/host.ts";
import { printable } from "../os/printable.ts";
import { endOnStrayErrors } from "../os/stray_errors.ts";
import { report } from "../os/terminal.ts";

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
  withholdSecrets();
  if (host === systemHost) endOnStrayErrors((error) => failed(error, host));
  const [word] = argv;
  try {
    return await dispatch(argv, commands, host);
  } catch (error) {
    await commands.find(({ name }) => name === word)?.lastWords?.(known(error), host);
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
  const told = known(error);
  report(told, host.terminal);
  if (told !== error && host.env("C3PO_DEBUG") !== undefined && error instanceof Error) {
    host.terminal.note(error.stack ?? "");
  }
  return told.exitCode;
}

/** The error itself, or a request to report it where it is none that a user can do something about. */
function known(error: unknown): C3poError {
  if (error instanceof C3poError) return error;
  if (error instanceof SuppressedError) return known(error.suppressed);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Failure(`unexpected, please report it: ${printable(what)}`, {
    hint: `say what you did, that this is c3po ${VERSION} on ${os}, and what C3PO_DEBUG=1 adds`,
    cause: error,
  });
}

async function dispatch(
  argv: readonly string[],
  commands: readonly Command[],
  host: Host,
): Promise<number> {
  const [word, ...rest] = argv;
  if (word === undefined) {
    host.terminal.pass(overview(commands));
    throw new Misuse("no command given");
  }
  // The system hands over bytes, and those that are no UTF-8 are lost on the way.
  const damaged = argv.find((arg) => arg.includes("\ufffd"));
  if (damaged !== undefined) throw new Misuse(`the argument "${damaged}" is not UTF-8`);
  if (["version", "--version", "-v", "-V"].includes(word)) return answer(`c3po ${VERSION}\n`, host);
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
