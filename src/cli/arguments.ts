import { parseArgs } from "@std/cli/parse-args";
import { suggestion } from "../os/suggestion.ts";
import { type CommandSpec, HELP_OPTION } from "./command.ts";
import { Misuse } from "../os/errors.ts";

/** What stood behind a command: its options by name, and the operands. */
export class Arguments {
  /** What was no option, in order. */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #switches: ReadonlySet<string>;

  /** Use {@linkcode parseArguments}. */
  constructor(
    operands: readonly string[],
    values: ReadonlyMap<string, readonly string[]>,
    switches: ReadonlySet<string>,
  ) {
    this.operands = operands;
    this.#values = values;
    this.#switches = switches;
  }

  /** Whether a switch was given. */
  has(name: string): boolean {
    return this.#switches.has(name);
  }

  /** The value of an option, undefined if it was not given. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of an option that may be repeated. */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /**
   * The operands, if there are as many as the command takes.
   *
   * @throws {Misuse} if there are fewer or more
   */
  take(least: number, most: number, what: string): readonly string[] {
    if (this.operands.length < least) throw new Misuse(`${what} is missing`);
    if (this.operands.length > most) {
      throw new Misuse(`unexpected argument "${this.operands[most]}"`);
    }
    return this.operands;
  }
}

/**
 * Reads a command's arguments by its table.
 *
 * @throws {Misuse} for unknown options, missing or unwanted values, and options given twice
 */
export function parseArguments(spec: CommandSpec, argv: readonly string[]): Arguments {
  const options = [...spec.options, HELP_OPTION];
  const valued = options.filter((option) => option.value !== undefined).map(({ name }) => name);
  const switches = options.filter((option) => option.value === undefined).map(({ name }) => name);
  const own = spec.passesOn ? countOwn(argv, valued) : argv.length;
  // The parser is slow to wake up, and many a login gives it nothing to do.
  if (own === 0) return new Arguments(argv, new Map(), new Set());
  const read = withStdin(argv.slice(0, own), valued);
  refuseValues(switches, read);
  const parsed = parseArgs(read, {
    string: [...valued, "_"],
    boolean: switches,
    collect: valued,
    alias: { help: "h" },
    "--": true,
    unknown: (arg, name): boolean => {
      if (name !== undefined) throw unknownOption(arg, options.map((option) => option.name));
      return true;
    },
  });
  const values = new Map<string, readonly string[]>();
  for (const { name, value, many } of options) {
    const given = parsed[name] as readonly string[] | undefined;
    if (value === undefined || given === undefined || given.length === 0) continue;
    if (given.includes("")) {
      const got = read.at(-1) === `--${name}` ? "" : ', not ""';
      throw new Misuse(`--${name} needs a value, ${value}${got}`);
    }
    if (!many && given.length > 1) throw new Misuse(`--${name} given ${given.length} times`);
    values.set(name, given);
  }
  const operands = [
    ...parsed._ as string[],
    ...parsed["--"],
    ...argv.slice(own),
  ];
  return new Arguments(operands, values, new Set(switches.filter((name) => parsed[name])));
}

/**
 * How many words belong to a command that passes the others on: long options and their values, up
 * to the first other word. The program behind has short options only, so a long one that is not
 * known is a mistake of ours to report.
 */
function countOwn(argv: readonly string[], valued: readonly string[]): number {
  let own = 0;
  while (/^--./.test(argv[own] ?? "")) {
    const takesNext = valued.includes(argv[own]!.slice(2)) && !/^-./.test(argv[own + 1] ?? "--");
    own += takesNext ? 2 : 1;
  }
  return own;
}

/** The parser takes `-` for the name of an option, and here it stands for stdin. */
function withStdin(argv: readonly string[], valued: readonly string[]): string[] {
  const read: string[] = [];
  for (const [at, arg] of argv.entries()) {
    const before = argv[at - 1] ?? "";
    if (arg === "-" && before.startsWith("--") && valued.includes(before.slice(2))) {
      read[read.length - 1] = `${before}=-`;
    } else read.push(arg);
  }
  return read;
}

/** The parser takes `--json=no` for `--json`; a reader would not. */
function refuseValues(switches: readonly string[], argv: readonly string[]): void {
  for (const arg of argv) {
    if (arg === "--") return;
    const [, name] = /^--([^=]+)=/.exec(arg) ?? [];
    if (name !== undefined && switches.includes(name)) throw new Misuse(`--${name} takes no value`);
  }
}

function unknownOption(arg: string, names: readonly string[]): Misuse {
  const [given] = arg.split("=");
  const near = suggestion(given!.replace(/^-+/, ""), names);
  return new Misuse(
    `unknown option "${given}"`,
    near === null ? {} : { hint: `did you mean --${near}?` },
  );
}
