import { type Arrival, beganWith, parseStat, type ProcessStat } from "./process_stat.ts";
import { printedSockets, type Session, sessionsOf } from "./socket_tables.ts";
import { readProc } from "./procfs.ts";
import { runTool, tryTool } from "./tool.ts";

const PATIENCE_MS = 3000;

/**
 * The name sshd gives to the process of a session once its user is authenticated, and only then:
 * `sshd: root@pts/0` (from OpenSSH 9.8 on `sshd-session: …`). Before, the name ends in `[net]`,
 * `[priv]` or `[accepted]`; with `[priv]` also that of the parent, if the user is not root.
 */
const TITLES = "^sshd(-session)?: [^ ]+(@(notty|internal-sftp|pts/[0-9]+)| \\[priv\\])";
const PARENT = / \[priv\]$/;

/** The connections from other machines to a port of this one, and when that was, in ticks. */
export async function sessionsNow(port: number): Promise<{ sessions: Session[]; now: number }> {
  // The reader began right before it read: by the very clock that tells when others began.
  const text = await readProc("/proc/self/stat", "/proc/net/tcp", "/proc/net/tcp6");
  const end = text.indexOf("\n") + 1;
  return {
    sessions: sessionsOf(printedSockets(text.slice(end)), port),
    now: parseStat(text.slice(0, end))!.began,
  };
}

/**
 * Which of some connections belong to an sshd whose user has logged in. A connection alone, or an
 * attempt at a password, does not count: sshd itself has to report the login.
 *
 * Which process has which connection is for those to see who may trace processes. The service may
 * not: there, a process that began with the connection, and has the same network, is taken for the one
 * that has it.
 *
 * @param port where they came in
 */
export async function loggedIn(arrivals: readonly Arrival[], port: number): Promise<Session[]> {
  if (arrivals.length === 0) return [];
  const found = new Set<Session>();
  const { users, parents } = await sshdProcesses();
  for (const user of users) {
    const sockets = await socketsOf(user.pid);
    const family = [user, ...parents.filter(({ pid }) => pid === user.parent)];
    const its = sockets === null
      ? await seenBy(user.pid, port, arrivals.filter((each) => family.some(beganWith(each))))
      : arrivals.filter(({ session }) => sockets.has(session.inode));
    for (const { session } of its) found.add(session);
  }
  return [...found];
}

/** Those that the network of a process has: a container may have an sshd of its own. */
async function seenBy(
  pid: number,
  port: number,
  arrivals: readonly Arrival[],
): Promise<readonly Arrival[]> {
  if (arrivals.length === 0) return [];
  const text = await readProc(`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`);
  const ids = new Set(sessionsOf(printedSockets(text), port).map(({ id }) => id));
  return arrivals.filter(({ session }) => ids.has(session.id));
}

/** Those of users who have logged in, and those of root's above them. */
async function sshdProcesses(): Promise<{ users: ProcessStat[]; parents: ProcessStat[] }> {
  const pids = (await runTool("ls", ["/proc"], { timeout: PATIENCE_MS })).match(/^\d+$/gm) ?? [];
  const files = pids.map((pid) => `/proc/${pid}/cmdline`);
  const search = ["-asHoE", "--", TITLES, ...files];
  const { stdout } = await tryTool("grep", search, { timeout: PATIENCE_MS });
  const titles = new Map(
    [...stdout.matchAll(/^\/proc\/(\d+)\/cmdline:(.*)$/gm)].map(([, pid, title]) =>
      [Number(pid), title!] as const
    ),
  );
  if (titles.size === 0) return { users: [], parents: [] };
  const stats = (await readProc(...[...titles.keys()].map((pid) => `/proc/${pid}/stat`)))
    .split("\n").flatMap((line) => parseStat(line) ?? []);
  const isParent = ({ pid }: ProcessStat): boolean => PARENT.test(titles.get(pid) ?? "");
  return { users: stats.filter((each) => !isParent(each)), parents: stats.filter(isParent) };
}

/** The sockets a process has, by number; null if it is not for us to see. */
async function socketsOf(pid: number): Promise<Set<number> | null> {
  const { stdout, stderr } = await tryTool("ls", ["-l", `/proc/${pid}/fd`], {
    timeout: PATIENCE_MS,
  });
  // One that has ended meanwhile has no files any more.
  if (stderr.includes("Permission denied")) return null;
  return new Set([...stdout.matchAll(/ -> socket:\[(\d+)\]$/gm)].map(([, inode]) => Number(inode)));
}
