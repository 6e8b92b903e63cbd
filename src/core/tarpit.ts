/** How the tarpit treats those it holds. */
export interface TarpitPolicy {
  /** The most connections held at once. */
  readonly most: number;
  /** Milliseconds between two drips to one connection. */
  readonly dripMs: number;
}

/** Room for a botnet's curiosity, far below what descriptors and memory allow. */
export const TARPIT: TarpitPolicy = { most: 512, dripMs: 10_000 };

/**
 * Where the tarpit listens if the port is free, and else on one the kernel picks: above the ports
 * that Linux gives to outgoing connections, so that it rarely is not.
 */
export const TARPIT_PORT = 61_023;

/** What a server without a banner of its own would say. */
export const DEFAULT_BANNER = "SSH-2.0-OpenSSH_9.6";

/**
 * The opening words of the tarpit: the banner, then the head of a key exchange (RFC 4253) that
 * promises as much as such a message may hold and then takes for ever to arrive.
 */
export function greeting(banner: string): Uint8Array {
  const text = new TextEncoder().encode(`${banner}\r\n`);
  const head = new Uint8Array(text.length + 6);
  head.set(text);
  const packet = new DataView(head.buffer, text.length);
  packet.setUint32(0, 32_768); // the packet's length
  packet.setUint8(4, 8); // its padding
  packet.setUint8(5, 20); // SSH_MSG_KEXINIT
  return head;
}

/** Who is held, as far as the choice of who must go depends on it. */
export interface Held {
  readonly address: string;
}

/**
 * Who must go when the tarpit is full: the one who has been held longest of the address that has
 * the most connections, so that one scanner cannot free the others.
 *
 * @param held in the order of arrival, not empty
 */
export function evicted<T extends Held>(held: Iterable<T>): T {
  const counts = new Map<string, number>();
  const first = new Map<string, T>();
  for (const each of held) {
    counts.set(each.address, (counts.get(each.address) ?? 0) + 1);
    if (!first.has(each.address)) first.set(each.address, each);
  }
  const most = Math.max(...counts.values());
  for (const [address, count] of counts) if (count === most) return first.get(address)!;
  throw new RangeError("nobody is held");
}
