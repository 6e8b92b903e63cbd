import { type Address, parseBanned } from "./address.ts";

/** Somebody touched a trap. */
export interface Hit {
  /** Who: the very address. */
  readonly source: string;
  /** What a ban of it covers: the address, or its /64. */
  readonly unit: Address;
  /** The trap; null if it is no longer known which. */
  readonly port: number | null;
}

/**
 * Reads one line of what `ipset list` prints of a hit set, such as `192.0.2.1,tcp:4711 timeout 3598`.
 *
 * @returns null for a line that is no entry
 */
export function readHit(line: string): Hit | null {
  const [, source, port] = /^(\S+),tcp:(\d+)(?: |$)/.exec(line) ?? [];
  return source === undefined ? null : { source, unit: parseBanned(source), port: Number(port) };
}

/** How many hits wait for their connection to be completed; beyond that the oldest is forgotten. */
const MOST_PENDING = 16_384;

/** Hits that ban nobody yet: the completed connection may follow a whole reading later. */
export class PendingHits {
  readonly #bySource = new Map<string, Hit>();

  /** Remembers a hit. */
  add(hit: Hit): void {
    this.#bySource.delete(hit.source);
    this.#bySource.set(hit.source, hit);
    if (this.#bySource.size <= MOST_PENDING) return;
    const [oldest] = this.#bySource.keys();
    this.#bySource.delete(oldest!);
  }

  /** The last hit of an address, which is forgotten by that. */
  take(source: string): Hit | undefined {
    const hit = this.#bySource.get(source);
    this.#bySource.delete(source);
    return hit;
  }
}
