import type { Family } from "../../../src/os/address.ts";
import type { Firewall } from "../../../src/firewall/firewall.ts";
import type { Answer, Datagram, DatagramAnswer } from "../../../src/firewall/memory.ts";

export type { Answer, Datagram, DatagramAnswer };

/** Where the services and the tarpit of the scenarios listen, in every world. */
export const SSH_PORT = 22;
export const WEB_PORT = 8443;
export const TARPIT_PORT = 61_023;
/** Of UDP. The number is that of a service over TCP, and neither has anything to do with the other. */
export const DATAGRAM_PORT = WEB_PORT;

/** What listens in every world, with what it says to whoever connects. */
export const SERVICES: readonly (readonly [number, Answer])[] = [
  [SSH_PORT, "service ssh"],
  [WEB_PORT, "service web"],
  [TARPIT_PORT, "tarpit"],
];

/** A connection that stays. */
export interface Session {
  /** Whether what one end says still reaches the other, and comes back. */
  isAlive(): Promise<boolean>;
}

/** A server behind an engine, and whoever comes to it. Its clock is the engine's. */
export interface World extends AsyncDisposable {
  /** The engine; another one after {@linkcode World.die}. */
  readonly firewall: Firewall;

  /** Unix seconds, with fractions. */
  seconds(): number;
  /** Lets time pass until a moment, unix seconds. */
  until(seconds: number): Promise<void>;
  /** By how many seconds the clock that judges packets may be behind. */
  readonly lag: number;

  /** An address that nobody has used, of IPv6 in a /64 that nobody has used. */
  stranger(family: Family): string;
  /** The address of the server. */
  server(family: Family): string;

  /** Asks for a connection, completes it, and hears who is there. @param to another address of the server */
  connect(source: string, port: number, to?: string): Promise<Answer>;
  /** Asks for a connection and says no more; whoever forges an address can do no more. */
  forge(source: string, port: number, to?: string): Promise<void>;
  /** Completes what {@linkcode World.forge} began, from the same port, or begins again. */
  resume(source: string, port: number, to?: string): Promise<Answer>;
  /** Sends an ACK of no connection. */
  sendAck(source: string, port: number): Promise<"refused" | "silence">;
  /** Connects to the server on the server: over loopback, and to its own address. */
  connectInside(port: number, family: Family): Promise<Answer[]>;
  /** Connects to a machine behind the server, where something listens on that port. */
  connectThrough(source: string, port: number): Promise<Answer>;
  /** Sends a datagram, and hears what answers. The service over UDP is there in every world. */
  send(source: string, port: number, datagram: Datagram): Promise<DatagramAnswer>;
  /** Opens a connection that stays. */
  openSession(source: string, port: number): Promise<Session>;

  /** Something on the server begins to listen. */
  listen(port: number): Promise<void>;
  /** Something on the server begins to take datagrams. */
  receive(port: number): Promise<void>;
  /** The process of the engine ends without cleaning up, and another begins. */
  die(): Promise<void>;
  /** Another tool removes every rule there is. */
  flush(): Promise<void>;
  /** Another rule shuts an address out from the port of SSH. */
  deny(source: string): Promise<void>;
  /** Another rule denies whatever no rule before it has let in. */
  denyByDefault(): Promise<void>;
  /** Routers send a network to the server. */
  route(network: string): Promise<void>;
  /** Another tool takes it away from the addresses of the server. */
  unroute(network: string): Promise<void>;
  /** Whether a packet is answered that asks for no port. */
  ping(to: string): Promise<boolean>;
  /** Another rule leads from one port to another. */
  forward(port: number, to: number): Promise<void>;
  /** All rules and sets of the server, as text; what changes by itself is left out. */
  listing(): Promise<string>;
}

/** A sentence that holds for every engine. */
export interface Scenario {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}
