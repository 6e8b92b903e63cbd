import { Malformed } from "../os/errors.ts";
import type { Key } from "../schedule/key.ts";
import { parseKey } from "../schedule/key_text.ts";

/** What a random or derived key begins with; nothing else that a login prints does. */
const RANDOM = "c3po-1-";
const CLASSIC = "classic:";

/**
 * Takes the key out of what another command printed: the one line that is a random key or a classic
 * secret, among whatever a login prints besides. A banner, a prompt or an error message is never
 * taken for a passphrase.
 *
 * @param parse reads the line of the key, as one that opens ports unless given
 * @throws {Malformed} if there is none, if there are several, or if the one is damaged; never
 * quoting any of the text
 */
export function receivedKey(text: string): Key;
export function receivedKey<K>(text: string, parse: (line: string) => K): K;
export function receivedKey(text: string, parse: (line: string) => unknown = parseKey): unknown {
  const lines = text.split(/\r?\n/).map(withoutControls);
  const found = new Set(lines.map(keyIn).filter((line) => line !== null));
  const [line] = found;
  if (line === undefined) {
    const others = lines.filter((each) => each.trim() !== "").length;
    throw new Malformed(others === 0 ? "it is empty" : "it contains no key");
  }
  if (found.size > 1) throw new Malformed(`it contains ${found.size} keys`);
  return parse(line);
}

function keyIn(line: string): string | null {
  const text = line.trim();
  if (text.startsWith("#")) return null;
  if (text.startsWith(CLASSIC)) return text;
  return /(?:^|\s)(c3po-1-\S+)(?:\s|$)/.exec(text)?.[1] ?? null;
}

/** A line without colours, cursor movements and other control characters. */
function withoutControls(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll("\t", " ").replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(
    /[\p{Cc}\p{Cf}]/gu,
    "",
  );
}

/** How that begins. */
const WARNINGS = ["c3po: anyone who sees this line ", "c3po: whoever sees this line "];
/** What `c3po key show` says about its own answer, and what is no news behind a pipe. */
const NO_NEWS = /^c3po: (anyone who|whoever) sees this line /; // older servers say whoever

/**
 * Lets through what of a stream is no key, as it comes: the prompt of a sudo whose terminal is a
 * pipe is shown by no other program. A line with a key, or with what may become one, is held back.
 */
export class Bystander {
  /** The line that has not ended yet, and how much of it was let through. */
  #line = "";
  #shown = 0;

  /** @returns what may be shown, ends of lines included */
  hear(text: string): string {
    let shown = "";
    const [first, ...others] = text.split("\n");
    shown += this.#add(first!);
    for (const next of others) {
      shown += this.#end();
      shown += this.#add(next);
    }
    return shown;
  }

  /** @returns what was held back and is to be shown after all, now that nothing follows */
  end(): string {
    return this.#end();
  }

  #add(part: string): string {
    this.#line += part;
    const clean = withoutControls(this.#line);
    if (isKeptBack(clean) || mayBecomeKey(clean)) return "";
    const shown = clean.slice(this.#shown);
    this.#shown = clean.length;
    return shown;
  }

  #end(): string {
    const clean = withoutControls(this.#line);
    const rest = isKeptBack(clean) ? "" : clean.slice(this.#shown);
    const shown = this.#shown > 0 || rest !== "" ? `${rest}\n` : "";
    this.#line = "";
    this.#shown = 0;
    return shown;
  }
}

function isKeptBack(line: string): boolean {
  return line.includes(RANDOM) || /^\s*(classic:|#)/.test(line) || NO_NEWS.test(line);
}

/** Whether a line ends in the middle of the mark of a key. */
function mayBecomeKey(line: string): boolean {
  const word = /\S+$/.exec(line)?.[0] ?? "";
  const isAtStart = line.trim() === word;
  return word !== "" && (RANDOM.startsWith(word) || isAtStart && CLASSIC.startsWith(word)) ||
    line !== "" && WARNINGS.some((warning) => warning.startsWith(line));
}
