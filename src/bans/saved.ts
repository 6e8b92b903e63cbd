import * as v from "valibot";
import type { Ban } from "../firewall/firewall.ts";
import {
  type Address,
  bannedAddress,
  parseBanned,
  parseBannedNetwork,
  parseCidr,
} from "../os/address.ts";
import { isBannable } from "../os/address_scope.ts";
import { MOMENT } from "./pending_commands.ts";
import { LONGEST_BAN } from "./ledger.ts";
import { Malformed } from "../os/errors.ts";
import { readBy, textReadBy } from "../os/schema.ts";
import type { Trusted } from "./trusted.ts";
import type { ManualBan } from "./manual_bans.ts";
import type { Offender } from "./ledger.ts";

/** What outlives a restart beside the bans themselves. */
export interface Records {
  readonly offenders: readonly Offender[];
  readonly trusted: readonly Trusted[];
  /** Allowed by hand, not by the configuration. */
  readonly allowed: readonly Address[];
  /** Banned by hand. */
  readonly banned: readonly ManualBan[];
}

const LEDGER_HEAD = "c3po-ledger 1";

/** The content of the ledger's file. */
export function formatRecords({ offenders, trusted, allowed, banned }: Records): string {
  const lines = [
    ...offenders.map((each) =>
      `offender ${each.address.text} ${each.offences} ${each.lastHit} ${each.until} ${
        each.lastPort ?? "-"
      }`
    ),
    ...trusted.map(({ address, until }) => `friend ${address.text} ${until}`),
    ...allowed.map(({ text }) => `allow ${text}`),
    ...banned.map(({ address, until }) => `ban ${address.text} ${until}`),
  ];
  return [LEDGER_HEAD, ...lines, `end ${lines.length}`, ""].join("\n");
}

const digits = v.pipe(v.string(), v.regex(MOMENT), v.transform(Number));
const unit = textReadBy(parseBanned);
const none = v.pipe(v.literal("-"), v.transform(() => null));

/** What follows the word that a line begins with. */
const LINES = {
  offender: v.strictTuple([
    textReadBy(parseBannedNetwork),
    digits,
    digits,
    digits,
    v.union([digits, none]),
  ]),
  friend: v.strictTuple([unit, digits]),
  ban: v.strictTuple([unit, digits]),
  allow: v.strictTuple([textReadBy(parseCidr)]),
};

/**
 * Reads what {@linkcode formatRecords} wrote. All or nothing: of a file with a broken line no other
 * line can be trusted to be whole, and a wrong `allow` would open a door.
 *
 * @throws {Malformed} naming the line
 */
export function parseRecords(text: string): Records {
  const lines = text.split("\n");
  const offenders: Offender[] = [];
  const trusted: Trusted[] = [];
  const allowed: Address[] = [];
  const banned: ManualBan[] = [];
  const last = lines.length - 2;
  if (lines[0] !== LEDGER_HEAD) throw new Malformed("line 1 is damaged");
  if (lines[last] !== `end ${last - 1}` || lines[last + 1] !== "") {
    throw new Malformed(`line ${last + 1} is damaged`);
  }
  for (const [at, line] of lines.slice(1, last).entries()) {
    const [kind, ...words] = line.split(" ");
    try {
      if (kind === "offender") {
        const [address, offences, lastHit, until, lastPort] = readBy(LINES.offender, words);
        offenders.push({ address, offences, lastHit, until, lastPort });
      } else if (kind === "friend" || kind === "ban") {
        const [address, until] = readBy(LINES[kind], words);
        (kind === "friend" ? trusted : banned).push({ address, until });
      } else if (kind === "allow") allowed.push(...readBy(LINES.allow, words));
      else throw new Malformed("unknown file format");
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Malformed(`line ${at + 2} is damaged`, { cause: error });
    }
  }
  return { offenders, trusted, allowed, banned };
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

/** One line of the file. */
export function banLine({ address, seconds }: Ban): string {
  return `${address.text.replace(/\/64$/, "")} ${seconds ?? 0}`;
}

/**
 * Reads one line of the file.
 *
 * @returns null if the line is damaged
 */
export function parseBanLine(line: string): Ban | null {
  const [, text, digits] = /^([0-9a-f.:]{2,39}(?:\/\d\d)?) (\d{1,7})$/.exec(line) ?? [];
  if (text === undefined || Number(digits) > LONGEST_BAN) return null;
  try {
    const address = bannedAddress(text);
    const seconds = Number(digits) === 0 ? null : Number(digits);
    return isBannable(address) ? { address, seconds } : null;
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
 * The time left of a ban: it ran on while `serve` was down, but a clock that was set in between never
 * makes it longer than it was.
 *
 * @returns seconds; null if it stays; 0 if it is over
 */
export function timeLeft(ban: Ban, savedAt: number, now: number): number | null {
  if (ban.seconds === null) return null;
  const passed = Math.max(0, Math.floor((now - savedAt) / 1000));
  return Math.max(0, ban.seconds - passed);
}
