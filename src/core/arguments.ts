import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { type CommandSpec, HELP_OPTION } from "./command.ts";
import { Misuse } from "./errors.ts";

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
  const read = argv.slice(0, own);
  refuseValues(switches, read);
  const parsed: Record<string, unknown> = parseArgs(read, {
    string: [...valued, "_"],
    boolean: switches,
    collect: valued,
    alias: { help: "h" },
    "--": true,
    unknown: (arg: string, name?: string): boolean => {
      if (name !== undefined) throw unknownOption(arg, options.map((option) => option.name));
      return true;
    },
  });
  const values = new Map<string, readonly string[]>();
  for (const { name, value, many } of options) {
    const given = parsed[name] as readonly string[] | undefined;
    if (value === undefined || given === undefined || given.length === 0) continue;
    if (given.includes("")) throw new Misuse(`--${name} needs a value, ${value}`);
    if (!many && given.length > 1) throw new Misuse(`--${name} is given ${given.length} times`);
    values.set(name, given);
  }
  const operands = [
    ...parsed["_"] as string[],
    ...parsed["--"] as string[],
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
    const takesNext = valued.includes(argv[own]!.slice(2)) && !/^-/.test(argv[own + 1] ?? "-");
    own += takesNext ? 2 : 1;
  }
  return own;
}

/** "Did you mean …?" where something known is near, else null. */
export function suggestion(word: string, known: readonly string[]): string | null {
  const near: string | undefined = closestString(word, [...known]);
  return near !== undefined && sharesHalf(word, near) ? near : null;
}

function sharesHalf(word: string, near: string): boolean {
  const common = [...word].filter((letter) => near.includes(letter)).length;
  return common * 2 > Math.max(word.length, near.length);
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
