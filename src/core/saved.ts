import { type Address, parseBanned, parseCidr } from "./address.ts";
import { MOMENT } from "./changes.ts";
import { LONGEST_BAN } from "./config.ts";
import { Malformed } from "./errors.ts";
import type { Friend } from "./friends.ts";
import type { HandBan } from "./hand_bans.ts";
import type { Offender } from "./ledger.ts";

/** What outlives a restart beside the bans themselves. */
export interface Memories {
  readonly offenders: readonly Offender[];
  readonly friends: readonly Friend[];
  /** Allowed by hand, not by the configuration. */
  readonly allowed: readonly Address[];
  /** Banned by hand. */
  readonly banned: readonly HandBan[];
}

const LEDGER_HEAD = "c3po-ledger 1";

/** The content of the ledger's file. */
export function formatMemories({ offenders, friends, allowed, banned }: Memories): string {
  const lines = [
    ...offenders.map((each) =>
      `offender ${each.address} ${each.offences} ${each.lastHit} ${each.until} ${
        each.lastPort ?? "-"
      }`
    ),
    ...friends.map(({ address, until }) => `friend ${address} ${until}`),
    ...allowed.map(({ text }) => `allow ${text}`),
    ...banned.map(({ address, until }) => `ban ${address} ${until}`),
  ];
  return [LEDGER_HEAD, ...lines, `end ${lines.length}`, ""].join("\n");
}

/**
 * Reads what {@linkcode formatMemories} wrote. All or nothing: of a file with a broken line no other
 * line can be trusted to be whole, and a wrong `allow` would open a door.
 *
 * @throws {Malformed} naming the line
 */
export function parseMemories(text: string): Memories {
  const lines = text.split("\n");
  const offenders: Offender[] = [];
  const friends: Friend[] = [];
  const allowed: Address[] = [];
  const banned: HandBan[] = [];
  const damaged = (at: number): Malformed => new Malformed(`line ${at + 1} is damaged`);
  if (lines[0] !== LEDGER_HEAD) throw damaged(0);
  const last = lines.length - 2;
  if (lines[last] !== `end ${last - 1}` || lines[last + 1] !== "") throw damaged(last);
  for (let at = 1; at < last; at++) {
    const [kind, address = "", ...words] = lines[at]!.split(" ");
    const numbers = words.map((word) => MOMENT.test(word) ? Number(word) : NaN);
    try {
      if (kind === "offender" && numbers.length === 4) {
        const [offences, lastHit, until] = numbers.slice(0, 3).map(whole);
        const lastPort = words[3] === "-" ? null : whole(numbers[3]!);
        const { text } = parseBanned(address);
        offenders.push({
          address: text,
          offences: offences!,
          lastHit: lastHit!,
          until: until!,
          lastPort,
        });
      } else if (kind === "friend" && numbers.length === 1) {
        friends.push({ address: parseBanned(address).text, until: whole(numbers[0]!) });
      } else if (kind === "ban" && numbers.length === 1) {
        banned.push({ address: parseBanned(address).text, until: whole(numbers[0]!) });
      } else if (kind === "allow" && numbers.length === 0) {
        allowed.push(parseCidr(address));
      } else throw damaged(at);
    } catch (error) {
      throw error instanceof Malformed ? damaged(at) : error;
    }
  }
  return { offenders, friends, allowed, banned };
}

function whole(number: number): number {
  if (Number.isNaN(number)) throw new Malformed("no number");
  return number;
}

/** A ban as it was saved. */
export interface SavedBan {
  readonly unit: Address;
  /** Seconds it had left; null if it stays. */
  readonly seconds: number | null;
}

/** The first line of the file of bans. */
export function bansHead(now: number): string {
  return `c3po-bans 1 ${Math.floor(now / 1000)}`;
}

/**
 * Reads the first line.
 *
 * @returns when the bans were saved, unix milliseconds; null if this is no such file
 */
export function parseBansHead(line: string): number | null {
  const [, seconds] = /^c3po-bans 1 (\d{1,12})$/.exec(line) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** One line of the file; `unit` as the kernel spells it. */
export function banLine(element: string, seconds: number | null): string {
  return `${element} ${seconds ?? 0}`;
}

/** The addresses that mean none; the kernel's sets do not take them. */
const NOBODY = /^[0.:]+$/;

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const BAN_4 = new RegExp(`^(${OCTET}(?:\\.${OCTET}){3}) (\\d{1,7})$`);
const BAN_6 = /^([0-9a-f:]{2,39}) (\d{1,7})$/;

/**
 * Reads one line of the file. There may be a million, so IPv4 is read without a detour.
 *
 * @returns null if the line is damaged
 */
export function parseBanLine(line: string): SavedBan | null {
  const [, address, digits] = BAN_4.exec(line) ?? BAN_6.exec(line) ?? [];
  if (address === undefined) return null;
  const seconds = Number(digits) === 0 ? null : Number(digits);
  if (Number(digits) > LONGEST_BAN || NOBODY.test(address)) return null;
  if (!address.includes(":")) return { unit: { family: 4, text: address }, seconds };
  try {
    return { unit: parseBanned(address), seconds };
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** The last line, which tells a whole file from a cut one. */
export function bansEnd(count: number): string {
  return `end ${count}`;
}

/**
 * What is left of a ban: it went on while nobody kept it, but a clock that was set in between never
 * makes it longer than it was.
 *
 * @returns seconds; null if it stays; 0 if it is over
 */
export function timeLeft(ban: SavedBan, savedAt: number, now: number): number | null {
  if (ban.seconds === null) return null;
  const passed = Math.max(0, Math.floor((now - savedAt) / 1000));
  return Math.max(0, ban.seconds - passed);
}
