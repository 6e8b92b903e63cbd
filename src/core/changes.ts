import { type Address, parseBanned, parseCidr } from "./address.ts";
import { Malformed } from "./errors.ts";

/** What somebody did by hand to the kernel's sets, and `serve` has to know. */
export type Change =
  | { readonly do: "ban" | "forgive"; readonly address: Address }
  | { readonly do: "forgive all" }
  | { readonly do: "allow" | "disallow"; readonly address: Address };

/** Lines that tell changes, in their order. */
export function formatChanges(changes: readonly Change[]): string {
  return changes.map((change) =>
    change.do === "forgive all" ? "forgive-all\n" : `${change.do} ${change.address.text}\n`
  ).join("");
}

/**
 * Reads what {@linkcode formatChanges} wrote.
 *
 * @throws {Malformed} for anything else
 */
export function parseChanges(text: string): Change[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [word, operand = "", ...rest] = line.split(" ");
    if (rest.length === 0) {
      if (word === "forgive-all" && operand === "") return { do: "forgive all" };
      if (word === "ban" || word === "forgive") return { do: word, address: parseBanned(operand) };
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
