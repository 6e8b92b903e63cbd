import type { Firewall } from "../firewall/firewall.ts";
import { type Family, parseBanned } from "../os/address.ts";
import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import type { Finding } from "../os/finding.ts";
import { bannerOf } from "../os/listener.ts";
import { PROBE_RANGES } from "../os/probe_addresses.ts";
import { ProbeNetwork } from "../os/probe_network.ts";
import { listeningPorts, listeningSockets } from "../os/sockets.ts";
import type { Window } from "../schedule/windows.ts";
import { judge, type ProbePorts, type Seen, windowToProbe } from "./probe_verdict.ts";

/** What is tried. */
export interface Probed {
  /** The windows that are in the kernel. */
  readonly windows: () => readonly Window[];
  /** Where sshd listens. */
  readonly sshPort: number;
  readonly firewall: Pick<Firewall, "unban">;
  readonly clock: Clock;
}

/** A window has to stay open for so long, in seconds, unless there is none that does. */
const LEAST_SECONDS = 12;
const LOOPBACK: Readonly<Record<Family, string>> = { 4: "127.0.0.1", 6: "::1" };

/**
 * Tries the rules with real connections, from a network namespace that exists for this moment: does the port
 * of the minute reach sshd, does a trap ban, is sshd's own port shut? Its addresses are of a range that no
 * machine has, and their bans are ended at once.
 *
 * @returns a finding for each family
 * @throws {Failure} if it cannot be done here
 */
export async function probe({ windows, sshPort, firewall, clock }: Probed): Promise<Finding[]> {
  await using network = await ProbeNetwork.create();
  const { system, ordinary } = await listeningPorts();
  const listens = (port: number): boolean => system.has(port) || ordinary.has(port);
  const now = (): number => clock.now() / 1000;
  const [first] = windowToProbe(windows(), now(), LEAST_SECONDS);
  // Without a grace there is no other window near the end of a minute.
  if (first === undefined) await clock.sleep(LEAST_SECONDS * 1000);
  const [window] = windowToProbe(windows(), now(), LEAST_SECONDS);
  if (window === undefined) {
    const found = "no window is open now: C3PO has no port";
    return [{ grade: "fail", what: "probe", found, todo: "read the log: journalctl -u c3po" }];
  }
  const open = window.doors.filter(({ service, from }) => service === "ssh" && from === undefined);
  const ports: ProbePorts = {
    sshPort,
    door: open[0]?.port ?? null,
    trap: window.traps.find((port) => port !== sshPort && !listens(port)) ?? null,
    isHidden: !window.traps.includes(sshPort) &&
      !window.doors.some(({ port, service }) => service === "ssh" && port === sshPort),
  };
  return await Promise.all(network.families.map(async (family) => {
    const address = await addressOf(family, sshPort);
    try {
      const seen = await lookAt(
        network,
        family,
        address ?? PROBE_RANGES[family].hostAddress,
        ports,
      );
      return judge(family, ports, { ...seen, answers: address !== null });
    } finally {
      await forget(firewall, family);
    }
  }));
}

/** Where sshd is asked for; null where it does not answer in a family. */
async function addressOf(family: Family, sshPort: number): Promise<string | null> {
  const local = (await listeningSockets()).filter(({ port }) => port === sshPort)
    .map((socket) => socket.local);
  const named = local.filter((each) =>
    each !== null && each.includes(":") === (family === 6) && !/^(127\.|::1$|fe80:)/.test(each)
  );
  if (named.length > 0) return named[0]!;
  if (!local.includes(null)) return null;
  // What listens on all addresses may do so in one family only.
  return await bannerOf(sshPort, [LOOPBACK[family]]) === null
    ? null
    : PROBE_RANGES[family].hostAddress;
}

async function lookAt(
  network: ProbeNetwork,
  family: Family,
  address: string,
  { door, trap, isHidden, sshPort }: ProbePorts,
): Promise<Omit<Seen, "answers">> {
  const reach = (guest: 0 | 1 | 2, ports: readonly number[]) =>
    network.reach(family, guest, ports.map((port) => ({ address, port })));
  return {
    // Twice: one who met a trap that poses as sshd would be banned by now.
    door: door === null ? [] : await reach(0, [door, door]),
    trap: trap === null ? [] : await reach(1, [trap, door ?? trap]),
    hidden: isHidden ? await reach(2, [sshPort]) : [],
  };
}

/** Nothing of it stays in the kernel. */
async function forget(firewall: Pick<Firewall, "unban">, family: Family): Promise<void> {
  try {
    await firewall.unban(PROBE_RANGES[family].guests.map((guest) => parseBanned(guest)));
  } catch (error) {
    if (!(error instanceof C3poError)) throw error; // a family that is not served; it ends by itself
  }
}
