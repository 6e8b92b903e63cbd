/** Limits of the tarpit. */
export interface TarpitPolicy {
  /** The most connections held at once. */
  readonly most: number;
  /** Milliseconds between two drips to one connection. */
  readonly dripMs: number;
  /** How many reads a connection gets before it is closed. */
  readonly reads: number;
}

/** Enough for a botnet, far below what descriptors and memory allow. */
export const TARPIT: TarpitPolicy = { most: 512, dripMs: 10_000, reads: 64 };

/**
 * Where the tarpit listens if the port is free, and else on one the kernel picks: above the ports
 * that Linux gives to outgoing connections, so that it rarely is not.
 */
export const TARPIT_PORT = 61_023;

/** Where connections to canaries are taken, in the same way. */
export const CANARY_PORT = 61_024;

/**
 * What the tarpit sends first: the banner, then the head of a key exchange (RFC 4253) that
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
 * Which connection must go when the tarpit is full: the oldest of the address (or /64) that has the most,
 * so that one scanner cannot free the others. Every step takes the same time however many there are.
 */
export class EvictionQueue<T> {
  /** The connections of each address, in the order of arrival. */
  readonly #connections = new Map<string, Set<T>>();
  /** The addresses that have so many, in the order in which they got there. */
  readonly #byCount = new Map<number, Set<string>>();
  #most = 0;

  /** Adds a connection. */
  add(address: string, connection: T): void {
    const own = this.#connections.get(address) ?? new Set();
    this.#connections.set(address, own.add(connection));
    this.#move(address, own.size - 1, own.size);
    this.#most = Math.max(this.#most, own.size);
  }

  /** Removes a connection, if it is still there. */
  delete(address: string, connection: T): void {
    const own = this.#connections.get(address);
    if (!own?.delete(connection)) return;
    if (own.size === 0) this.#connections.delete(address);
    this.#move(address, own.size + 1, own.size);
    if (!this.#byCount.has(this.#most)) this.#most--;
  }

  /** What must go first; undefined without any connection. */
  get first(): T | undefined {
    const [address] = this.#byCount.get(this.#most) ?? [];
    const [connection] = this.#connections.get(address ?? "") ?? [];
    return connection;
  }

  #move(address: string, from: number, to: number): void {
    const old = this.#byCount.get(from);
    old?.delete(address);
    if (old?.size === 0) this.#byCount.delete(from);
    if (to > 0) this.#byCount.set(to, (this.#byCount.get(to) ?? new Set()).add(address));
  }
}

/** Descriptors the daemon needs besides tarpit connections: pipes to tools, its own files, and a reserve. */
const OTHER_FILES = 256;

/**
 * How many connections can be held if a process may have so many files open, so that the rest of
 * the daemon never lacks one.
 */
export function roomFor(files: number): number {
  return Math.max(1, Math.min(TARPIT.most, files - OTHER_FILES));
}
