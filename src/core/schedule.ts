import { Malformed } from "./errors.ts";
import { type Key, type Scheme, schemeOf } from "./key.ts";
import { contains, DEFAULT_RANGE, formatPortRange, type PortRange, sizeOf } from "./ports.ts";

/** The ports of one minute, in the order of the schedule. */
export interface MinutePorts {
  /** UTC minutes since 1970. */
  readonly minute: number;
  /** The port that leads to sshd. */
  readonly ssh: number;
  /** The ports that ban whoever touches them. */
  readonly traps: readonly number[];
}

/** Yields a minute's blocks of 32 bytes without end. */
type Blocks = (minute: number) => AsyncGenerator<Uint8Array>;

/** Enough traps for odds of 1 in 16 that a scan meets sshd first, as published in 2007. */
export const DEFAULT_TRAPS = 15;

const UTF8 = new TextEncoder();
const PBKDF2_ROUNDS = 600_000;
/** Blocks computed at once: they do not depend on each other, and Web Crypto answers in batches. */
const BATCH = 32;

/**
 * The sequence of ports that server and client compute alike from their key. The SSH port of a
 * minute does not depend on the number of traps.
 */
export class Schedule {
  readonly scheme: Scheme;
  readonly range: PortRange;
  readonly #blocks: Blocks;

  private constructor(scheme: Scheme, range: PortRange, blocks: Blocks) {
    this.scheme = scheme;
    this.range = range;
    this.#blocks = blocks;
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
    const blocks = key.kind === "classic"
      ? classicBlocks(key.text)
      : hmacBlocks(await hmacKey(key));
    return new Schedule(schemeOf(key), range ?? own ?? DEFAULT_RANGE, blocks);
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
    for await (const block of this.#blocks(minute)) {
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
    throw new Error("unreachable: blocks have no end");
  }
}

/** The ports of a minute and of the minutes beside it. */
export interface Neighbours {
  /** Null in the first minute of 1970. */
  readonly previous: MinutePorts | null;
  readonly current: MinutePorts;
  readonly next: MinutePorts;
}

/** The ports of a minute and of its neighbours. */
export async function neighboursOf(
  schedule: Schedule,
  minute: number,
  traps: number,
): Promise<Neighbours> {
  const [previous, current, next] = await Promise.all([
    minute === 0 ? null : schedule.ports(minute - 1, traps),
    schedule.ports(minute, traps),
    schedule.ports(minute + 1, traps),
  ]);
  return { previous, current, next };
}

/**
 * Refuses more traps than half the range: the walk to find them would grow long, and a scan would
 * tell the few ports left.
 *
 * @throws {Malformed}
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
  const bytes = key.kind === "random" ? key.bytes : await stretch(key.text);
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
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
  return async function* (minute): AsyncGenerator<Uint8Array> {
    for (let first = 0;; first = first === 0 ? 1 : first + BATCH) {
      // Nearly every minute needs just one block, so that one is not made to wait for others.
      const count = first === 0 ? 1 : BATCH;
      const batch = Array.from({ length: count }, (_, i) => {
        const message = new DataView(new ArrayBuffer(19));
        new Uint8Array(message.buffer).set(UTF8.encode("c3po-1"));
        message.setBigUint64(7, BigInt(minute));
        message.setUint32(15, first + i);
        return crypto.subtle.sign("HMAC", key, message);
      });
      for (const block of await Promise.all(batch)) yield new Uint8Array(block);
    }
  };
}

/** Block 0 is SHA-256(secret ‖ decimal minute); each further block is the hash of the one before. */
function classicBlocks(secret: string): Blocks {
  return async function* (minute): AsyncGenerator<Uint8Array> {
    let block = new Uint8Array(await crypto.subtle.digest("SHA-256", UTF8.encode(secret + minute)));
    for (;;) {
      yield block;
      block = new Uint8Array(await crypto.subtle.digest("SHA-256", block));
    }
  };
}
