import type { Session } from "../core/sockets.ts";
import { runTool, tryTool } from "./tool.ts";

const PATIENCE_MS = 3000;

/**
 * The name sshd gives to the process of a session once its user is authenticated, and only then:
 * `sshd: root@pts/0` (from OpenSSH 9.8 on `sshd-session: …`). Before, the name ends in `[net]`,
 * `[priv]` or `[accepted]`.
 */
const SESSION_TITLE = "^sshd(-session)?: [^ @]+@(notty|internal-sftp|pts/[0-9]+)";

/**
 * Which of some connections belong to an sshd whose user has logged in. A connection alone, or an
 * attempt at a password, is none: sshd itself has to say that it let somebody in.
 */
export async function loggedIn(sessions: readonly Session[]): Promise<Session[]> {
  if (sessions.length === 0) return [];
  const sockets = new Set<string>();
  for (const pid of await sessionProcesses()) {
    // One that has ended meanwhile has no files any more.
    const { stdout } = await tryTool("ls", ["-l", `/proc/${pid}/fd`], { timeout: PATIENCE_MS });
    for (const [, inode] of stdout.matchAll(/ -> socket:\[(\d+)\]$/gm)) sockets.add(inode!);
  }
  return sessions.filter(({ id }) => sockets.has(id.split("/")[1]!));
}

async function sessionProcesses(): Promise<string[]> {
  const pids = (await runTool("ls", ["/proc"], { timeout: PATIENCE_MS })).match(/^\d+$/gm) ?? [];
  const files = pids.map((pid) => `/proc/${pid}/cmdline`);
  const search = ["-asHoE", "--", SESSION_TITLE, ...files];
  const { stdout } = await tryTool("grep", search, { timeout: PATIENCE_MS });
  return [...stdout.matchAll(/^\/proc\/(\d+)\/cmdline:/gm)].map(([, pid]) => pid!);
}
