import { LoginLog } from "../os/login_log.ts";
import { loggedIn, sessionsNow } from "../os/logins.ts";
import { type Arrival, TICKS } from "../os/process_stat.ts";
import type { LoginSource } from "./login_observer.ts";
import type { ServerConfig } from "./options.ts";

/** A touch of a door is read this long after it came, at most, in seconds. */
const LATE_SECONDS = 12;

/** Where sshd says whom it has let in: its log, and the names it gives to its processes. */
export function loginSources({ loginLog, sshPort }: ServerConfig): LoginSource[] {
  const log = new LoginLog(loginLog);
  return [
    { tellsOnce: true, read: (since) => log.read(since) },
    { tellsOnce: false, read: processTitles(sshPort) },
  ];
}

/** sshd renames the process of a session once its user is authenticated, and not before. */
function processTitles(sshPort: number): LoginSource["read"] {
  let known = new Map<string, Arrival>();
  return async () => {
    const { sessions, now } = await sessionsNow(sshPort);
    const arrivals = sessions.map((session) =>
      known.get(session.id) ?? { session, after: now - LATE_SECONDS * TICKS, before: now }
    );
    known = new Map(arrivals.map((arrival) => [arrival.session.id, arrival]));
    const proven = await loggedIn(arrivals, sshPort);
    return proven.map(({ address }) => ({ address, account: null }));
  };
}
