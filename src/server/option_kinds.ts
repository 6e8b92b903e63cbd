import { formatDuration } from "../os/duration.ts";
import { Malformed } from "../os/errors.ts";

/** One option of `serve`: all that help, completions, manual, file and daemon know of it comes from here. */
export interface ServerOption<T> {
  /** What stands for the value in the help. */
  readonly value: string;
  /** What it does, in one line without a full stop. */
  readonly text: string;
  /** May be given more than once; what it parses to is then a list. */
  readonly many?: true;
  /** @throws {Malformed} for a value that cannot be used */
  readonly parse: (text: string) => T;
  /** What holds where nothing is set. */
  readonly fallback: T;
  /** The fallback as the user would write it; absent where there is none, or the text says it. */
  readonly shown?: string;
  /** Where no fallback is shown: what a settings file may say, as TOML has it. */
  readonly example?: string;
}

/** A number, with a fallback. */
export function option<T extends number>(
  value: string,
  text: string,
  parse: (text: string) => T,
  fallback: T,
): ServerOption<T> {
  return { value, text, parse, fallback, shown: String(fallback) };
}

/** What holds only where it is set. */
export function optional<T>(
  value: string,
  text: string,
  parse: (text: string) => T,
  example: string,
): ServerOption<T | undefined> {
  return { value, text, parse, fallback: undefined, example };
}

/** A path, of which nothing is set even where the usual one is taken. */
export function place(
  value: string,
  text: string,
  usual: string,
): ServerOption<string | undefined> {
  return { value, text, parse: (path) => path, fallback: undefined, shown: usual };
}

/** A span of time, in seconds. */
export function duration(
  text: string,
  parse: (text: string) => number,
  fallback: number,
): ServerOption<number> {
  return { value: "D", text, parse, fallback, shown: formatDuration(fallback) };
}

/** One of some words, of which the first is the fallback. */
export function choice<const T extends string>(
  words: readonly [T, ...T[]],
  text: string,
): ServerOption<T> {
  const parse = (given: string): T => {
    const word = words.find((each) => each === given);
    if (word !== undefined) return word;
    throw new Malformed(`"${given}" is not one of ${words.join(", ")}`);
  };
  return { value: words.join("|"), text, parse, fallback: words[0], shown: words[0] };
}

/** What may be given more than once. */
export function list<T>(
  value: string,
  text: string,
  parse: (text: string) => readonly T[],
  example: string,
): ServerOption<readonly T[]> {
  return { value, text, many: true, parse, fallback: [], example };
}

/** A switch; elsewhere than on the command line it is `true` or `false`. */
export function toggle(text: string): ServerOption<boolean> {
  const parse = (given: string): boolean => {
    if (given === "true" || given === "false") return given === "true";
    throw new Malformed(`"${given}" is not one of true, false`);
  };
  return { value: "", text, parse, fallback: false, example: "false" };
}
