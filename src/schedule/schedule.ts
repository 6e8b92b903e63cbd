import { Malformed } from "../os/errors.ts";
import { type Key, type MasterKey, type Scheme, schemeOf } from "./key.ts";
import { contains, DEFAULT_RANGE, formatPortRange, type PortRange, sizeOf } from "./ports.ts";

/** The ports of one minute, in the order of the schedule. */
export interface MinutePorts {
  /** UTC minutes since 1970. */
  readonly minute: number;
  /** The port that leads to sshd. */
  readonly ssh: number;
  /** The traps: touching one bans the source. */
  readonly traps: readonly number[];
}

/** Gives a minute's blocks of 32 bytes in their order, so many more at each call. */
type Blocks = (minute: number) => (count: number) => Promise<Uint8Array[]>;

/** Gives the 8 bytes behind the prefix of a minute's address. */
type Identifiers = (minute: number) => Promise<Uint8Array>;

/** Enough traps for odds of 1 in 16 that a scan meets sshd first, as published in 2007. */
export const DEFAULT_TRAPS = 15;

const UTF8 = new TextEncoder();
const PBKDF2_ROUNDS = 600_000;
const BLOCK_WORDS = 16;
/** Blocks computed at once, at most: they do not depend on each other, and Web Crypto answers in batches. */
const MOST_BLOCKS = 32;

/**
 * The sequence of ports that server and client compute alike from their key. The SSH port of a
 * minute does not depend on the number of traps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = await Schedule.of({ kind: "classic", text: "secret" });
 * const { ssh, traps } = await schedule.ports(29_922_240, 15);
 * assertEquals((await schedule.ports(29_922_240, 0)).ssh, ssh);
 * assertEquals(new Set([ssh, ...traps]).size, 16);
 * ```
 */
export class Schedule {
  readonly scheme: Scheme;
  readonly range: PortRange;
  readonly #blocks: Blocks;
  /** Null for `classic`, which has ports alone. */
  readonly #identifiers: Identifiers | null;

  private constructor(
    scheme: Scheme,
    range: PortRange,
    blocks: Blocks,
    identifiers: Identifiers | null,
  ) {
    this.scheme = scheme;
    this.range = range;
    this.#blocks = blocks;
    this.#identifiers = identifiers;
  }

  /**
   * Prepares the schedule of a key. A passphrase is stretched here, which takes a noticeable
   * fraction of a second; a random key costs nothing.
   *
   * @param key as read by `parseKey`
   * @param range overrides the range that travels with the key
   */
  static async of(key: Key, range?: PortRange): Promise<Schedule> {
    const own = key.kind === "random" ? key.range : undefined;
    const most = range ?? own ?? DEFAULT_RANGE;
    if (key.kind === "classic") {
      return new Schedule(schemeOf(key), most, classicBlocks(key.text), null);
    }
    const secret = await hmacKey(key);
    return new Schedule(schemeOf(key), most, hmacBlocks(secret), hmacIdentifiers(secret));
  }

  /**
   * The ports of one minute.
   *
   * @param minute whole UTC minutes since 1970, not negative
   * @param traps 0 to half the range
   * @throws {Malformed} if there are more traps than that
   */
  async ports(minute: number, traps: number): Promise<MinutePorts> {
    checkTraps(traps, this.range);
    const taken = new Set<number>();
    const more = this.#blocks(minute);
    for (;;) {
      for (const block of await more(this.#blocksFor(1 + traps - taken.size))) {
        const words = new DataView(block.buffer, block.byteOffset, block.byteLength);
        for (let at = 0; at < block.byteLength; at += 2) {
          const port = words.getUint16(at);
          if (contains(this.range, port)) taken.add(port);
          if (taken.size > traps) {
            const [ssh, ...rest] = taken;
            return { minute, ssh: ssh!, traps: rest };
          }
        }
      }
    }
  }

  /**
   * The interface identifier of one minute: the lower half of the IPv6 address that a door has in its /64
   * (see door_address.ts).
   *
   * @param minute whole UTC minutes since 1970, not negative
   * @returns 8 bytes; null for `classic`, which has no addresses
   */
  async identifier(minute: number): Promise<Uint8Array | null> {
    return await this.#identifiers?.(minute) ?? null;
  }

  /** In how many blocks so many ports of the range are likely found; if not, there are more. */
  #blocksFor(ports: number): number {
    const perBlock = BLOCK_WORDS * sizeOf(this.range) / 0x10000;
    return Math.min(Math.max(1, Math.round(ports / perBlock)), MOST_BLOCKS);
  }
}

/**
 * Refuses more traps than half the range: the walk to find them would grow long, and a scan would
 * tell the few ports left.
 *
 * @throws {Malformed}
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * checkTraps(512, { low: 1024, high: 2047 });
 * assertThrows(() => checkTraps(513, { low: 1024, high: 2047 }), Error, "513 traps are too many");
 * ```
 */
export function checkTraps(traps: number, range: PortRange): void {
  const most = Math.floor(sizeOf(range) / 2);
  if (traps > most) {
    throw new Malformed(`${traps} traps are too many for the ports ${formatPortRange(range)}`, {
      hint: `half the range at most, ${most}`,
    });
  }
}

async function hmacKey(key: Exclude<Key, { kind: "classic" }>): Promise<CryptoKey> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", await secretOf(key), hmac, false, ["sign"]);
}

/**
 * The 32 bytes K of a key; to stretch a passphrase takes a noticeable fraction of a second.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals((await secretOf({ kind: "passphrase", text: "a passphrase of five words" })).length, 32);
 * ```
 */
export async function secretOf(
  key: MasterKey | Exclude<Key, { kind: "classic" }>,
): Promise<Uint8Array<ArrayBuffer>> {
  return key.kind === "passphrase" ? new Uint8Array(await stretch(key.text)) : key.bytes;
}

async function stretch(passphrase: string): Promise<ArrayBuffer> {
  const words = UTF8.encode(passphrase.normalize("NFC"));
  const base = await crypto.subtle.importKey("raw", words, "PBKDF2", false, ["deriveBits"]);
  const how = {
    name: "PBKDF2",
    hash: "SHA-256",
    salt: UTF8.encode("c3po-1"),
    iterations: PBKDF2_ROUNDS,
  };
  return await crypto.subtle.deriveBits(how, base, 256);
}

/** Block i is HMAC-SHA-256(K, "c3po-1" 0x00 uint64(minute) uint32(i)). */
function hmacBlocks(key: CryptoKey): Blocks {
  return (minute) => {
    let index = 0;
    return async (count) => {
      const blocks = Array.from({ length: count }, () => {
        const message = new DataView(new ArrayBuffer(19));
        new Uint8Array(message.buffer).set(UTF8.encode("c3po-1"));
        message.setBigUint64(7, BigInt(minute));
        message.setUint32(15, index++);
        return crypto.subtle.sign("HMAC", key, message);
      });
      return (await Promise.all(blocks)).map((block) => new Uint8Array(block));
    };
  };
}

/** HMAC-SHA-256(K, "c3po-1" 0x02 uint64(minute)), of which the first 8 bytes count. */
function hmacIdentifiers(key: CryptoKey): Identifiers {
  return async (minute) => {
    const message = new DataView(new ArrayBuffer(15));
    new Uint8Array(message.buffer).set(UTF8.encode("c3po-1\x02"));
    message.setBigUint64(7, BigInt(minute));
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, message)).slice(0, 8);
  };
}

/** Block 0 is SHA-256(secret ‖ decimal minute); each further block is the hash of the one before. */
function classicBlocks(secret: string): Blocks {
  return (minute) => {
    let last = UTF8.encode(secret + minute);
    return async (count) => {
      const blocks: Uint8Array[] = [];
      while (blocks.length < count) {
        last = new Uint8Array(await crypto.subtle.digest("SHA-256", last));
        blocks.push(last);
      }
      return blocks;
    };
  };
}
