import { type Address, parseBanned, parseCidr } from "./address.ts";
import { Malformed } from "./errors.ts";

/** What somebody did by hand to the kernel's sets, and `serve` has to know. */
export type Change =
  /** A ban that ends at a moment, unix milliseconds. */
  | { readonly do: "ban"; readonly address: Address; readonly until: number }
  | { readonly do: "forgive"; readonly address: Address }
  | { readonly do: "forgive all" }
  | { readonly do: "allow" | "disallow"; readonly address: Address };

/** Lines that tell changes, in their order. */
export function formatChanges(changes: readonly Change[]): string {
  return changes.map((change) => {
    if (change.do === "forgive all") return "forgive-all\n";
    const until = change.do === "ban" ? ` ${change.until}` : "";
    return `${change.do} ${change.address.text}${until}\n`;
  }).join("");
}

/** A moment as a file spells it: unix milliseconds, in digits alone. */
export const MOMENT = /^\d{1,16}$/;

/**
 * Reads what {@linkcode formatChanges} wrote.
 *
 * @throws {Malformed} for anything else
 */
export function parseChanges(text: string): Change[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [word, operand = "", ...rest] = line.split(" ");
    const [until, ...more] = rest;
    if (word === "ban" && until !== undefined && more.length === 0 && MOMENT.test(until)) {
      return { do: "ban", address: parseBanned(operand), until: Number(until) };
    }
    if (rest.length === 0) {
      if (word === "forgive-all" && operand === "") return { do: "forgive all" };
      if (word === "forgive") return { do: word, address: parseBanned(operand) };
      if (word === "allow" || word === "disallow") return { do: word, address: parseCidr(operand) };
    }
    throw new Malformed(`"${line}" is no change`);
  });
}

/** Whom changes forgive: what these did before is not held against them. */
export function forgivenBy(changes: readonly Change[]): (unit: string) => boolean {
  const all = changes.some((change) => change.do === "forgive all");
  const some = new Set(
    changes.flatMap((change) => change.do === "forgive" ? [change.address.text] : []),
  );
  return (unit) => all || some.has(unit);
}
