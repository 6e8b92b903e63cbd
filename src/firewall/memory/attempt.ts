/** The result of a connection attempt. */
export type Answer = `service ${string}` | "tarpit" | "listener" | "refused" | "silence";

/** What becomes of a datagram: what answers it, or nothing that is worth a name. */
export type DatagramAnswer = `service ${string}` | "listener" | "nothing";

/** A datagram. */
export interface Datagram {
  /** The port it is sent from; datagrams of one source and port belong together. */
  readonly sourcePort: number;
  /** Whether the service answers it; a WireGuard answers only those who have its key. True unless given. */
  readonly isAnswered?: boolean;
  /** As of an {@linkcode Attempt}. */
  readonly to?: string;
}

/** A connection attempt. */
export interface Attempt {
  /** Whether the handshake is completed; a forged SYN never is. True unless given. */
  readonly complete?: boolean;
  /** What begins it; a bare ACK belongs to no connection the kernel knows. A SYN unless given. */
  readonly packet?: "syn" | "ack";
  /** The address that it is for, if not one of those that the machine has anyway. */
  readonly to?: string;
  /** How the packet comes: to this machine, over loopback, or on its way to another machine. */
  readonly way?: "network" | "loopback" | "forwarded";
}
