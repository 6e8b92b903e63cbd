import { array, type InferOutput, object, pipe, readonly, string } from "valibot";
import { parseAddress } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";
import { amount, count, readJson, textReadBy } from "../os/schema.ts";

const ARRIVAL = pipe(
  object({
    /** The user whose port it was. An eavesdropper may use it too. */
    user: string(),
    service: string(),
    /** The very address they came from. */
    address: textReadBy((text) => parseAddress(text).text),
    /** The port of the door. */
    port: count,
    /** Unix milliseconds. */
    at: amount,
  }),
  readonly(),
);

const FILE = object({ last: array(ARRIVAL), recent: array(ARRIVAL) });

/** A connection that was completed through a port of a user. */
export type Arrival = InferOutput<typeof ARRIVAL>;

/** So many are remembered, beside the last of each user: enough to tell whose an open session is. */
const MOST_RECENT = 2048;
/** Removed users count too, so their number has a bound of its own. */
const MOST_USERS = 4096;

/** Remembers who came, and by which ports. */
export class ArrivalLedger {
  /** By user, the one who came longest ago first. */
  readonly #last = new Map<string, Arrival>();
  /** By all but the time, the oldest first. */
  readonly #recent = new Map<string, Arrival>();

  /** @param known in any order */
  constructor(known: Iterable<Arrival> = []) {
    for (const each of [...known].sort((one, other) => one.at - other.at)) this.add(each);
  }

  /** Records an arrival; one by the same port from the same address takes the place of the former. */
  add(arrival: Arrival): void {
    const { user, service, address, port } = arrival;
    renew(this.#last, user, arrival, MOST_USERS);
    renew(this.#recent, `${user} ${service} ${address} ${port}`, arrival, MOST_RECENT);
  }

  /** The last arrival of each user. */
  get last(): ReadonlyMap<string, Arrival> {
    return this.#last;
  }

  /** What is remembered, the oldest first. */
  get recent(): Iterable<Arrival> {
    return this.#recent.values();
  }
}

/** Writes a ledger as {@linkcode parseArrivals} reads it. */
export function formatArrivals(ledger: ArrivalLedger): string {
  return JSON.stringify({ last: [...ledger.last.values()], recent: [...ledger.recent] }) + "\n";
}

/**
 * Reads a ledger.
 *
 * @throws {Malformed} if it is none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const ledger = new ArrivalLedger([
 *   { user: "alice", service: "ssh", address: "192.0.2.7", port: 4711, at: 1000 },
 *   { user: "alice", service: "ssh", address: "192.0.2.9", port: 4712, at: 2000 },
 * ]);
 * assertEquals(parseArrivals(formatArrivals(ledger)).last.get("alice")?.address, "192.0.2.9");
 * ```
 */
export function parseArrivals(text: string): ArrivalLedger {
  try {
    const { last, recent } = readJson(FILE, text);
    return new ArrivalLedger([...last, ...recent]);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Malformed(`not a list of arrivals: ${error.message}`);
  }
}

/** Puts an entry last, and lets the first go where there are too many. */
function renew<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.size > most ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
}
