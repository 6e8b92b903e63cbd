import type { Clock } from "../os/clock.ts";
import { endSession, sessionsAt } from "../os/sockets.ts";
import type { Session } from "../os/socket_tables.ts";
import { trackedConnections } from "../os/tracked_connections.ts";
import { minuteAt } from "../schedule/minute.ts";
import { readArrivals } from "../users/arrival_file.ts";
import { PortPlanner } from "../users/port_planner.ts";
import type { User } from "../users/registry.ts";
import { ownership } from "../users/session_owner.ts";
import type { ServerConfig } from "./options.ts";
import { demandOf } from "./policy.ts";
import type { Report } from "./report.ts";
import { readReport, reportFile } from "./report_file.ts";

/** Who came within so many minutes may not have been written down yet. */
const FRESH_MINUTES = 3;
/** `serve` shuts the ports of a removed user within two seconds; it is given more on a busy machine. */
const SHUT_MS = 15_000;
const LOOK_MS = 200;

/** What became of the sessions of a user. */
export interface Cut {
  /** How many were ended. */
  readonly ended: number;
  /** How many were left, because they may be those of another user. */
  readonly left: number;
  /** How many the kernel did not end. */
  readonly kept: number;
}

/**
 * Waits until the `serve` that runs here, if one does, has shut the ports of a user who was removed.
 *
 * @returns whether it has
 */
export async function untilShut(
  name: string,
  runtimeFolder: string,
  clock: Clock,
): Promise<boolean> {
  const file = await reportFile(runtimeFolder);
  for (let waited = 0; waited < SHUT_MS; waited += LOOK_MS) {
    const report = await readReport(file);
    if (report === null || isShut(report, name)) return true;
    await clock.sleep(LOOK_MS);
  }
  return false;
}

/** Whether no window in the kernel has a port of a user. That their file is gone says nothing of that. */
export function isShut({ windows }: Pick<Report, "windows">, name: string): boolean {
  return windows.every(({ doors }) => doors.every(({ user }) => user !== name));
}

/**
 * Ends the open sessions that came in by a user's ports, and no others.
 *
 * @param user as they were before they were removed
 */
export async function cutSessions(
  user: User,
  config: ServerConfig,
  stateFolder: string,
  now: number,
): Promise<Cut> {
  // A flow of datagrams has no end that could be brought about.
  const connected = config.services.filter(({ proto }) => proto !== "udp");
  const ports = [config.sshPort, ...connected.map(({ port }) => port)];
  const [ledger, fresh, tracked] = await Promise.all([
    readArrivals(stateFolder),
    freshPorts(user, config, now),
    trackedConnections(),
  ]);
  const asked = new Map<string, number>(
    (tracked ?? []).map((
      { address, remotePort, askedPort, port },
    ) => [`${address} ${remotePort} ${port}`, askedPort]),
  );
  const arrivals = [...ledger.recent];
  const cut = { ended: 0, left: 0, kept: 0 };
  for (const port of ports) {
    for (const session of await sessionsAt(port)) {
      const askedPort = asked.get(`${session.id} ${port}`) ?? null;
      const owned = ownership(user.name, { address: session.address, askedPort }, arrivals, fresh);
      if (owned === "maybe") cut.left++;
      else if (owned === "yes") await end(session, port, cut);
    }
  }
  return cut;
}

async function end(
  session: Session,
  port: number,
  cut: { ended: number; kept: number },
): Promise<void> {
  if (await endSession(session, port)) cut.ended++;
  else cut.kept++;
}

/** The ports by which the user came in the last minutes, or could have. */
async function freshPorts(
  user: User,
  config: ServerConfig,
  now: number,
): Promise<ReadonlySet<number>> {
  const open = { ...user, expires: null, state: "open" } as const;
  const demand = { ...demandOf(config, [open]), traps: 0 };
  const planner = await PortPlanner.of(demand, () => Promise.resolve(user.key));
  const minute = minuteAt(now);
  const minutes = Array.from({ length: FRESH_MINUTES + 2 }, (_, i) => minute - FRESH_MINUTES + i);
  const plans = await Promise.all(
    minutes.filter((each) => each >= 0).map((each) => planner.plan(each)),
  );
  return new Set(plans.flatMap(({ doors }) => doors.map(({ port }) => port)));
}
