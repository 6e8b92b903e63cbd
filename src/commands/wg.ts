import { hostKeySearch } from "../cli/client_options.ts";
import { AS_OPTION, type Command, KEY_OPTION } from "../cli/command.ts";
import { renewEndpoint } from "../client/endpoint_renewal.ts";
import { findHostKey } from "../client/host_key.ts";
import {
  checkInterface,
  checkPublicKey,
  endpointArguments,
  type Peer,
  peersOf,
  setEndpoint,
} from "../client/wireguard.ts";
import { asArgument, Failure, Misuse } from "../os/errors.ts";
import { endSignal } from "../os/signals.ts";
import { resolveHost } from "../os/ssh.ts";
import { minuteAt } from "../schedule/minute.ts";
import { Schedule } from "../schedule/schedule.ts";
import { formatEndpoint } from "../server/endpoint.ts";

/** `c3po wg`: has a WireGuard interface follow the port of its peer. */
export const wg: Command = {
  name: "wg",
  summary: "keep a WireGuard interface pointed at the current port of its peer",
  usage: ["wg IFACE [HOST] [options]"],
  options: [
    { name: "service", value: "NAME", text: "the service as named on the server (default wg)" },
    { name: "peer", value: "KEY", text: "the peer's public key, if the interface has several" },
    { name: "once", text: "set the endpoint once and exit, for a timer" },
    { name: "dry-run", text: "print the command that sets the endpoint, change nothing" },
    KEY_OPTION,
    AS_OPTION,
  ],
  about: [
    "Sets the endpoint of the peer at once and whenever the minute changes, until you stop it, with " +
    "wg of wireguard-tools. Needs root. Sessions go on: WireGuard takes the new port for roaming.",
    "HOST is the server; without it, it is the address of the peer's present endpoint. It is resolved " +
    "with ssh's configuration.",
    'The server needs a service with proto = "udp" in server.toml.',
  ],
  async run(args, host) {
    const [name, typed] = args.take(1, 2, "IFACE [HOST]");
    asArgument(() => checkInterface(name!));
    if (typed?.startsWith("-")) throw new Misuse(`"${typed}" is not a host name`);
    const wanted = args.value("peer");
    if (wanted !== undefined) asArgument(() => checkPublicKey(wanted));
    // With both on the command line nothing has to be asked, and nothing has to be there.
    const isTold = wanted !== undefined && typed !== undefined;
    const peer = isTold
      ? { key: wanted, address: null }
      : choosePeer(await peersOf(name!), name!, wanted);
    const server = typed ?? peer.address;
    if (server === null) {
      throw new Failure(`the peer of "${name}" has no endpoint yet`, {
        hint: `name the server: c3po wg ${name} HOST`,
      });
    }
    const resolving = resolveHost(server);
    resolving.catch(() => {}); // its failure counts where it is waited for
    const search = hostKeySearch(args, server, () => resolving);
    const { key } = await findHostKey({ ...search, service: search.service ?? "wg" }, host);
    const schedule = await Schedule.of(key);
    const hostname = await resolving ?? server;
    const endpoint = async (minute: number): Promise<string> =>
      formatEndpoint({ hostname, port: (await schedule.ports(minute, 0)).ssh });
    const minute = minuteAt(host.clock.now());
    const first = await endpoint(minute);
    if (args.has("dry-run")) {
      host.terminal.out(`wg ${endpointArguments(name!, peer.key, first).join(" ")}\n`);
      return 0;
    }
    using end = endSignal();
    await setEndpoint(name!, peer.key, first);
    host.terminal.out(`${name} ${first}\n`);
    if (args.has("once")) return 0;
    const renewal = { interface: name!, peer: peer.key, endpoint, clock: host.clock };
    await renewEndpoint(renewal, minute, host.terminal, end.signal);
    return 0;
  },
};

/** @param wanted the public key that the user named */
function choosePeer(peers: readonly Peer[], name: string, wanted: string | undefined): Peer {
  const candidates = wanted === undefined ? peers : peers.filter(({ key }) => key === wanted);
  const [peer] = candidates;
  if (peer === undefined) {
    throw new Failure(
      wanted === undefined ? `"${name}" has no peer` : `"${name}" has no peer "${wanted}"`,
      { hint: `see: wg show ${name}` },
    );
  }
  if (candidates.length > 1) {
    throw new Failure(`"${name}" has ${candidates.length} peers`, {
      hint: "name one with --peer, by its public key",
    });
  }
  return peer;
}
