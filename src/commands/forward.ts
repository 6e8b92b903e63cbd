import {
  AS_OPTION,
  type Command,
  DOOR_OPTION,
  KEY_OPTION,
  SERVICE_OPTION,
  TRAPS_OPTION,
} from "../cli/command.ts";
import { hostKeySearch, trapsTold } from "../cli/client_options.ts";
import { findDoor } from "../client/door.ts";
import { forwardConnections } from "../client/forward.ts";
import { findHostKey, trapsBy } from "../client/host_key.ts";
import { asArgument, Misuse } from "../os/errors.ts";
import { listenAt } from "../os/local_listener.ts";
import { endSignal } from "../os/signals.ts";
import { resolveHost } from "../os/ssh.ts";
import { checkTraps, Schedule } from "../schedule/schedule.ts";
import { formatEndpoint, isLoopback, parseEndpoint } from "../server/endpoint.ts";

/** A port of loopback that the kernel picks. */
const ANY = { hostname: "127.0.0.1", port: 0 };

/** `c3po forward`: a local port that leads to the port of each minute. */
export const forward: Command = {
  name: "forward",
  summary: "listen locally and forward each connection to the current port of a service",
  usage: ["forward HOST --service NAME [--listen ADDR:PORT] [options]"],
  options: [
    { ...SERVICE_OPTION, text: "the service to reach, as named on the server, or ssh" },
    {
      name: "listen",
      value: "ADDR:PORT",
      text: "where to listen (default: a free port on loopback; a port alone: on loopback)",
    },
    KEY_OPTION,
    AS_OPTION,
    DOOR_OPTION,
    TRAPS_OPTION,
  ],
  about: [
    "For programs without a proxy command that reconnect often: psql, RDP, browsers, connection " +
    "pools. It prints the address it listens on and runs until you stop it. Connections stay open " +
    "when the minute changes.",
    "Anyone who can connect to the local port reaches the service as you do, so it is on loopback " +
    "by default.",
    "HOST is resolved with ssh's configuration but reached directly, without jump hosts.",
  ],
  async run(args, host) {
    const [name] = args.take(1, 1, "HOST");
    const service = args.value("service");
    if (service === undefined) throw new Misuse("--service is missing", { hint: "it may be ssh" });
    if (name!.startsWith("-")) throw new Misuse(`"${name}" is not a host name`);
    const told = trapsTold(args);
    const wanted = args.value("listen");
    const { hostname: address, port } = wanted === undefined
      ? ANY
      : asArgument(() => parseEndpoint(wanted));
    const resolving = resolveHost(name);
    resolving.catch(() => {}); // its failure counts where it is waited for
    const found = await findHostKey(hostKeySearch(args, name, () => resolving), host);
    const schedule = await Schedule.of(found.key);
    const traps = trapsBy(found, told);
    if (traps !== undefined) asArgument(() => checkTraps(traps, schedule.range));
    const search = { told: args.value("door"), name, resolve: () => resolving };
    const door = await findDoor(search, schedule, host);
    const hostname = await resolving ?? name!;
    using end = endSignal();
    const listener = listenAt(address, port);
    end.signal.addEventListener("abort", listener.close, { once: true });
    host.terminal.out(`${formatEndpoint(listener)}\n`);
    if (!isLoopback(listener)) {
      host.terminal.note(
        `c3po: anyone who can reach this address can reach ${service} of "${name}"`,
      );
    }
    const { source } = found;
    const target = { name: name!, source, hostname, schedule, door, traps };
    await forwardConnections(listener, { ...target, clock: host.clock }, host.terminal);
    return 0;
  },
};
