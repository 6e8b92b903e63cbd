import { otherEngines } from "../firewall/engines.ts";
import type { EngineName, Firewall } from "../firewall/firewall.ts";
import type { Clock } from "../os/clock.ts";
import type { ClockSync } from "../os/clock_status.ts";
import { clockSync } from "../os/clock_sync.ts";
import { watchFolder } from "../os/folder_watch.ts";
import { parseBanned } from "../os/address.ts";
import { type ChannelListener, listenLocally } from "../os/local_socket.ts";
import { type Ipv6Network, ipv6Network } from "../os/ipv6_network.ts";
import { bannerOf, greetingOf, listenAnywhere, type Listener } from "../os/listener.ts";
import type { Finding } from "../os/finding.ts";
import type { Listeners } from "../os/socket_tables.ts";
import { listeningPorts, listeningSockets, sessionsAt } from "../os/sockets.ts";
import type { LoginSource } from "./login_observer.ts";
import { loginSources } from "./login_sources.ts";
import type { ServerConfig } from "./options.ts";
import { probe, type Probed } from "./probe.ts";
import { tellSaved } from "./check/saved.ts";

/** What a daemon sees of the machine it runs on, beside the packet filter, clock and files. */
export interface Machine {
  /** Who listens for connections from outside. */
  listeners(): Promise<Listeners>;
  /** Its addresses and routers of IPv6. */
  ipv6Network(): Promise<Ipv6Network>;
  /** Where it is seen who has logged in. */
  logins(config: ServerConfig): readonly LoginSource[];
  /** How well the clock is set. */
  clockSync(): Promise<ClockSync>;
  /** The first line that sshd says; null if none answers. */
  banner(sshPort: number): Promise<string | null>;
  /**
   * What a service says before its client has said anything: nothing, if it waits for that.
   *
   * @returns null if nothing listens there
   */
  greeting(port: number): Promise<Uint8Array | null>;
  /** Takes connections for the tarpit, at this port if it is free. */
  listen(preferred: number): Listener;
  /** Takes connections of `c3po share`, at a path in the run-time folder. @throws {Failure} if it cannot */
  listenLocally(path: string): ChannelListener;
  /** Who has a connection to some ports: addresses (of IPv6 their /64). */
  sessions(ports: readonly number[]): Promise<ReadonlySet<string>>;
  /** Reports changes in a folder; see {@linkcode watchFolder}. */
  watch(folder: string, changed: () => void, signal: AbortSignal): Promise<void>;
  /**
   * Tries the rules with real connections.
   *
   * @throws {Failure} where that cannot be done
   */
  probe(probed: Probed): Promise<readonly Finding[]>;
  /** Warns of files that will not load at the next boot, for C3PO's rules are in them. */
  tellSaved(): Promise<void>;
  /** Packet filters in which an earlier run may have left something. */
  otherEngines(engine: EngineName, clock: Clock): Promise<readonly Firewall[]>;
}

/** The machine itself. */
export const thisMachine: Machine = {
  listeners: listeningPorts,
  ipv6Network,
  logins: loginSources,
  clockSync,
  banner: sshBanner,
  greeting: serviceGreeting,
  listen: listenAnywhere,
  listenLocally,
  sessions: sessionUnits,
  watch: watchFolder,
  probe,
  tellSaved,
  otherEngines,
};

async function sessionUnits(ports: readonly number[]): Promise<ReadonlySet<string>> {
  const sessions = await Promise.all(ports.map(sessionsAt));
  return new Set(sessions.flat().map(({ address }) => parseBanned(address).text));
}

/** Over loopback, or where sshd listens only elsewhere, there. */
async function sshBanner(sshPort: number): Promise<string | null> {
  return await bannerOf(sshPort) ?? await elsewhere(sshPort, bannerOf);
}

async function serviceGreeting(port: number): Promise<Uint8Array | null> {
  return await greetingOf(port) ?? await elsewhere(port, greetingOf);
}

/** Asks what listens on a port of other addresses than those of loopback. */
async function elsewhere<T>(
  port: number,
  ask: (port: number, addresses: readonly string[]) => Promise<T | null>,
): Promise<T | null> {
  const sockets = await listeningSockets();
  const addresses = sockets.filter((socket) => socket.port === port)
    .flatMap(({ local }) => local === null ? [] : [local]);
  return addresses.length === 0 ? null : await ask(port, addresses);
}
