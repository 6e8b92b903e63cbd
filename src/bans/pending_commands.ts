import { type Address, parseBanned, parseBannedNetwork, parseCidr } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";

/** A manual change of the kernel's sets that `serve` has to learn of. */
export type PendingCommand =
  /** A ban that ends at a moment, unix milliseconds. */
  | { readonly do: "ban"; readonly address: Address; readonly until: number }
  /** The end of a ban, perhaps of a network. @property isShared whether the fleet is told, of no network */
  | { readonly do: "forgive"; readonly address: Address; readonly isShared?: true }
  | { readonly do: "forgive all" }
  /** A line for the fleet, signed by its administrator. */
  | { readonly do: "publish"; readonly line: string }
  | { readonly do: "allow" | "disallow"; readonly address: Address };

/**
 * Lines that tell commands, in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const commands = parseCommands("allow 192.0.2.0/24\nforgive-all\n");
 * assertEquals(formatCommands(commands), "allow 192.0.2.0/24\nforgive-all\n");
 * ```
 */
export function formatCommands(commands: readonly PendingCommand[]): string {
  return commands.map((command) => {
    if (command.do === "forgive all") return "forgive-all\n";
    if (command.do === "publish") return `publish ${command.line}\n`;
    const until = command.do === "ban" ? ` ${command.until}` : "";
    const word = command.do === "forgive" && command.isShared ? "forgive-fleet" : command.do;
    return `${word} ${command.address.text}${until}\n`;
  }).join("");
}

/** A moment as a file spells it: unix milliseconds, in digits alone. */
export const MOMENT = /^\d{1,16}$/;

/**
 * Reads what {@linkcode formatCommands} wrote.
 *
 * @throws {Malformed} for anything else
 */
export function parseCommands(text: string): PendingCommand[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [word, operand = "", ...rest] = line.split(" ");
    if (word === "publish") return { do: word, line: line.slice("publish ".length) };
    const [until, ...more] = rest;
    if (word === "ban" && until !== undefined && more.length === 0 && MOMENT.test(until)) {
      return { do: "ban", address: parseBanned(operand), until: Number(until) };
    }
    if (rest.length === 0) {
      if (word === "forgive-all" && operand === "") return { do: "forgive all" };
      if (word === "forgive") return { do: word, address: parseBannedNetwork(operand) };
      if (word === "forgive-fleet") {
        return { do: "forgive", address: parseBanned(operand), isShared: true };
      }
      if (word === "allow" || word === "disallow") return { do: word, address: parseCidr(operand) };
    }
    throw new Malformed(`"${line}" is no command`);
  });
}

/** Whom commands forgive: what these did before is not held against them. */
export function forgivenBy(commands: readonly PendingCommand[]): (unit: string) => boolean {
  const all = commands.some((command) => command.do === "forgive all");
  const some = new Set(
    commands.flatMap((command) => command.do === "forgive" ? [command.address.text] : []),
  );
  return (unit) => all || some.has(unit);
}
