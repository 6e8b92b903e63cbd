/** How the tarpit treats those it holds. */
export interface TarpitPolicy {
  /** The most connections held at once. */
  readonly most: number;
  /** Milliseconds between two drips to one connection. */
  readonly dripMs: number;
  /** How often a guest may get a word in before it is let go. */
  readonly patience: number;
}

/** Room for a botnet's curiosity, far below what descriptors and memory allow. */
export const TARPIT: TarpitPolicy = { most: 512, dripMs: 10_000, patience: 64 };

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

/**
 * Those who are held, and who of them must go when the tarpit is full: the one who has been held
 * longest of the address (or /64) that has the most connections, so that one scanner cannot free
 * the others. Every step takes the same time however many there are.
 */
export class Crowd<T> {
  /** Who is held of each address, in the order of arrival. */
  readonly #guests = new Map<string, Set<T>>();
  /** The addresses that have so many, in the order in which they got there. */
  readonly #byCount = new Map<number, Set<string>>();
  #most = 0;

  /** Takes one more in. */
  add(address: string, guest: T): void {
    const own = this.#guests.get(address) ?? new Set();
    this.#guests.set(address, own.add(guest));
    this.#move(address, own.size - 1, own.size);
    this.#most = Math.max(this.#most, own.size);
  }

  /** Lets one go; one who is not held has gone before. */
  delete(address: string, guest: T): void {
    const own = this.#guests.get(address);
    if (!own?.delete(guest)) return;
    if (own.size === 0) this.#guests.delete(address);
    this.#move(address, own.size + 1, own.size);
    if (!this.#byCount.has(this.#most)) this.#most--;
  }

  /** Who must go first; undefined if nobody is held. */
  get first(): T | undefined {
    const [address] = this.#byCount.get(this.#most) ?? [];
    const [guest] = this.#guests.get(address ?? "") ?? [];
    return guest;
  }

  #move(address: string, from: number, to: number): void {
    const old = this.#byCount.get(from);
    old?.delete(address);
    if (old?.size === 0) this.#byCount.delete(from);
    if (to > 0) this.#byCount.set(to, (this.#byCount.get(to) ?? new Set()).add(address));
  }
}

/** Files the daemon needs beside those of its guests: pipes of its tools, its own, and room. */
const OTHER_FILES = 256;

/**
 * How many connections can be held if a process may have so many files open, so that the rest of
 * the daemon never lacks one.
 */
export function roomFor(files: number): number {
  return Math.max(1, Math.min(TARPIT.most, files - OTHER_FILES));
}
