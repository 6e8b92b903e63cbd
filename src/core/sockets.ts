import { parseAddress } from "./address.ts";

/** State 0A in the kernel's tables: the socket listens. */
const LISTENING = "0A";
/** State 01: the connection is complete, and no end has closed it. */
const ESTABLISHED = "01";

/**
 * The ports that something listens on for connections from outside, from the text of
 * `/proc/net/tcp` and `/proc/net/tcp6`. Sockets bound to loopback cannot be reached from there and
 * do not count.
 */
export function listeners(proc: string): Set<number> {
  const ports = new Set<number>();
  for (const line of proc.split("\n")) {
    const [, local, , state] = line.trim().split(/\s+/);
    const [address, port] = local?.split(":") ?? [];
    if (state !== LISTENING || address === undefined || port === undefined) continue;
    if (!isLoopback(address)) ports.add(parseInt(port, 16));
  }
  return ports;
}

/** A connection from elsewhere to a port of this machine. */
export interface Session {
  /** Tells it from every other that was or will be. */
  readonly id: string;
  /** Where it comes from. */
  readonly address: string;
}

/**
 * The connections to a port from other machines, from the text of `/proc/net/tcp` and
 * `/proc/net/tcp6`.
 */
export function sessionsOf(proc: string, port: number): Session[] {
  const sessions: Session[] = [];
  for (const line of proc.split("\n")) {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED || local === undefined || remote === undefined) continue;
    const [here, localPort] = local.split(":");
    const [there] = remote.split(":");
    if (parseInt(localPort!, 16) !== port || here === there || isLoopback(there!)) continue;
    sessions.push({ id: `${remote}/${inode}`, address: readAddress(there!) });
  }
  return sessions;
}

function readAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.reverse());
  return parseAddress(
    bytes.length === 4
      ? bytes.map((byte) => parseInt(byte, 16)).join(".")
      : bytes.join("").match(/.{4}/g)!.join(":"),
  ).text;
}

/**
 * Whether anybody from outside has a connection to a local port, from the text of `/proc/net/tcp`
 * and `/proc/net/tcp6`.
 */
export function hasConnections(proc: string, port: number): boolean {
  return sessionsOf(proc, port).length > 0;
}

/** The kernel prints addresses as 32-bit words in the order of the machine: 127.0.0.1 is 0100007F. */
function isLoopback(hex: string): boolean {
  const ipv4 = hex.length === 8
    ? hex
    : hex.startsWith("0000000000000000FFFF0000")
    ? hex.slice(24)
    : null;
  return ipv4 === null ? hex === "00000000000000000000000001000000" : ipv4.endsWith("7F");
}

/** A line that `ss -Htnae` prints, as far as it is of use. */
interface ShownSocket {
  readonly state: string;
  /** Without brackets and zone; `*` for every address of both families. */
  readonly local: string;
  readonly port: number;
  readonly remote: string;
  readonly remotePort: string;
  readonly inode: string;
}

function* shownSockets(text: string): Generator<ShownSocket> {
  for (const line of text.split("\n")) {
    const [state, , , here, there, ...rest] = line.trim().split(/\s+/);
    const local = END_POINT.exec(here ?? "");
    const remote = END_POINT.exec(there ?? "");
    if (local === null || remote === null) continue;
    const inode = rest.find((word) => word.startsWith("ino:"))?.slice("ino:".length) ?? "0";
    yield {
      state: state!,
      local: local[1]!,
      port: Number(local[2]),
      remote: remote[1]!,
      remotePort: remote[2]!,
      inode,
    };
  }
}

/** `10.0.0.1:22`, `[fe80::1]%eth0:22`, `*:22` */
const END_POINT = /^\[?([^\]%]+?)(?:%[^\]:]+)?\]?(?:%[^:]+)?:([0-9]+|\*)$/;

/** As {@linkcode listeners}, from what `ss -Htnae` prints. */
export function shownListeners(text: string): Set<number> {
  const ports = new Set<number>();
  for (const { state, local, port } of shownSockets(text)) {
    if (state === "LISTEN" && !isShownLoopback(local)) ports.add(port);
  }
  return ports;
}

/** As {@linkcode sessionsOf}, from what `ss -Htnae` prints. */
export function shownSessions(text: string, port: number): Session[] {
  const sessions: Session[] = [];
  for (const { state, local, port: here, remote, remotePort, inode } of shownSockets(text)) {
    if (state !== "ESTAB" || here !== port || local === remote || isShownLoopback(remote)) continue;
    const { text: address } = parseAddress(remote);
    sessions.push({ id: `${address}:${remotePort}/${inode}`, address });
  }
  return sessions;
}

function isShownLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/**
 * The ports that rules other than C3PO's send elsewhere, from the text of `iptables-save`: those
 * of Docker's published ports, for example.
 */
export function forwardedPorts(saved: string): Set<number> {
  const ports = new Set<number>();
  for (const line of saved.split("\n")) {
    if (line.startsWith("-A C3PO-") || !/ -j (DNAT|REDIRECT)\b/.test(line)) continue;
    const [, list] = / --dports? ([\d,:]+)/.exec(line) ?? [];
    for (const span of list?.split(",") ?? []) {
      const [low, high] = span.split(":").map(Number);
      for (let port = low!; port <= (high ?? low!); port++) ports.add(port);
    }
  }
  return ports;
}

/** Whether rules other than C3PO's make the kernel track connections, from `iptables-save`. */
export function tracksConnections(saved: string): boolean {
  return saved.split("\n").some((line) =>
    line.startsWith("-A ") && !line.startsWith("-A C3PO-") &&
    / -m (conntrack|state) | -j (DNAT|SNAT|MASQUERADE|REDIRECT)\b/.test(line)
  );
}
