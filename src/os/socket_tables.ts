import { parseAddress } from "./address.ts";

/** A TCP socket, as far as it is of use here. */
export interface TcpSocket {
  readonly state: "listening" | "established";
  /** The canonical address; null for every address of a family or of both. */
  readonly local: string | null;
  readonly port: number;
  readonly remote: string | null;
  readonly remotePort: number;
  /** Whose it is. */
  readonly uid: number;
  /** Its number among the kernel's files; 0 where it is not told. */
  readonly inode: number;
}

/** A connection from elsewhere to a port of this machine. */
export interface Session {
  /** Tells it from every other that is there. */
  readonly id: string;
  /** Where it comes from. */
  readonly address: string;
  readonly inode: number;
}

/** What ordinary users have begins here; below are root and the users of the system's own services. */
const FIRST_USER = 1000;

/** The ports that something listens on for connections from outside, and whose they are. */
export interface Listeners {
  /** Of root or a service's user. */
  readonly system: ReadonlySet<number>;
  /** Of ordinary users alone. */
  readonly ordinary: ReadonlySet<number>;
}

/** Sorts out who listens. Sockets bound to loopback cannot be reached from outside and do not count. */
export function listenersOf(sockets: Iterable<TcpSocket>): Listeners {
  const system = new Set<number>();
  const ordinary = new Set<number>();
  for (const { state, local, port, uid } of sockets) {
    if (state !== "listening" || isLoopback(local)) continue;
    (uid < FIRST_USER ? system : ordinary).add(port);
  }
  return { system, ordinary: ordinary.difference(system) };
}

/** The connections to a port from other machines. */
export function sessionsOf(sockets: Iterable<TcpSocket>, port: number): Session[] {
  const sessions: Session[] = [];
  for (const { state, local, port: here, remote, remotePort, inode } of sockets) {
    if (state !== "established" || here !== port || remote === null) continue;
    if (remote === local || isLoopback(remote)) continue;
    sessions.push({ id: `${remote} ${remotePort}`, address: remote, inode });
  }
  return sessions;
}

/** Reads `/proc/net/tcp` and `/proc/net/tcp6`. */
export function* printedSockets(proc: string): Generator<TcpSocket> {
  for (const line of proc.split("\n")) {
    const [, local, remote, code, , , , uid, , inode] = line.trim().split(/\s+/);
    const state = code === "0A" ? "listening" : code === "01" ? "established" : null;
    if (state === null || local === undefined || remote === undefined) continue;
    yield {
      state,
      ...printedEnd(local, "local", "port"),
      ...printedEnd(remote, "remote", "remotePort"),
      uid: Number(uid),
      inode: Number(inode),
    } as TcpSocket;
  }
}

/** The ports in `/proc/net/udp` and `/proc/net/udp6` that anyone may send to; not those of loopback. */
export function printedDatagramPorts(proc: string): Set<number> {
  const ports = new Set<number>();
  for (const line of proc.split("\n")) {
    const [, local, , state] = line.trim().split(/\s+/);
    if (state !== "07" || local === undefined) continue; // those that have a peer take from it alone
    const [hex, digits] = local.split(":") as [string, string];
    if (!/^0+$/.test(hex) && isLoopback(printedAddress(hex))) continue;
    ports.add(parseInt(digits, 16));
  }
  return ports;
}

function printedEnd(text: string, address: string, port: string): Record<string, unknown> {
  const [hex, digits] = text.split(":") as [string, string];
  return {
    [address]: /^0+$/.test(hex) ? null : printedAddress(hex),
    [port]: parseInt(digits, 16),
  };
}

/** The kernel prints addresses as 32-bit words in the order of the machine: 127.0.0.1 is 0100007F. */
function printedAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.reverse());
  return parseAddress(
    bytes.length === 4
      ? bytes.map((byte) => parseInt(byte, 16)).join(".")
      : bytes.join("").match(/.{4}/g)!.join(":"),
  ).text;
}

/** Reads what `ss -Htn` prints, with or without `-e` (who, and which file) and `-l`. */
export function* shownSockets(text: string): Generator<TcpSocket> {
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    // With a filter of states, ss leaves the column of states out.
    const state = /^\d*$/.test(words[0]!) ? "ESTAB" : words.shift();
    const [, , here = "", there = "", ...rest] = words;
    const local = END_POINT.exec(here);
    const remote = END_POINT.exec(there);
    if (local === null || remote === null || (state !== "LISTEN" && state !== "ESTAB")) continue;
    yield {
      state: state === "LISTEN" ? "listening" : "established",
      local: shownAddress(local[1]!),
      port: Number(local[2]),
      remote: shownAddress(remote[1]!),
      remotePort: remote[2] === "*" ? 0 : Number(remote[2]),
      uid: valueOf(rest, "uid:"),
      inode: valueOf(rest, "ino:"),
    };
  }
}

/** `10.0.0.1:22`, `[fe80::1]%eth0:22`, `*:22` */
const END_POINT = /^\[?([^\]%]+?)(?:%[^\]:]+)?\]?(?:%[^:]+)?:([0-9]+|\*)$/;

function shownAddress(text: string): string | null {
  return text === "*" || text === "0.0.0.0" || text === "::" ? null : parseAddress(text).text;
}

/** ss leaves out what is 0. */
function valueOf(words: readonly string[], key: string): number {
  return Number(words.find((word) => word.startsWith(key))?.slice(key.length) ?? 0);
}

function isLoopback(address: string | null): boolean {
  return address === "::1" || (address?.startsWith("127.") ?? false);
}
