import { parseAddress } from "./address.ts";
import { C3poError } from "./errors.ts";
import { ToolFailure } from "./tool_failure.ts";
import { runTool, tryTool } from "./tool.ts";

/** A login that sshd accepted. */
export interface Login {
  /** The account they logged in to. */
  readonly account: string;
  /** Where they come from. */
  readonly address: string;
  readonly port: number;
}

/** Where sshd's word goes on machines without a journal. */
const USUAL_FILES = ["/var/log/auth.log", "/var/log/secure"];
const TAIL_BYTES = 65_536;
const PATIENCE_MS = 5000;
const JOURNAL = ["-q", "--no-pager", "-o", "cat"];
/** Only what root's sshd says: any user may write to the log under its name. */
const SSHD = ["_UID=0", "_COMM=sshd", "+", "_UID=0", "_COMM=sshd-session"];

/** What sshd says of logins, read when there is reason to: nothing listens all the time. */
export class LoginLog {
  readonly #file: string | undefined;
  #last: readonly string[] | null = null;

  /** @param file where sshd logs to; the journal, or the usual files, unless given */
  constructor(file?: string) {
    this.#file = file;
  }

  /**
   * The logins since the last call, or since the beginning of the tail that is read.
   *
   * @param since unix seconds, for the journal
   */
  async read(since: number): Promise<Login[]> {
    const lines = await this.#lines(since);
    const known = new Set(this.#last ?? []);
    this.#last = lines;
    return lines.filter((line) => !known.has(line)).flatMap((line) => loginIn(line) ?? []);
  }

  async #lines(since: number): Promise<string[]> {
    if (this.#file !== undefined) return await tail(this.#file) ?? [];
    const lines = await journal(["--since", `@${Math.floor(since)}`, ...SSHD]);
    if (lines.length > 0) return lines;
    // Where there is a journal, a file has nothing that it has not, but for what any user wrote there.
    if ((await journal(["-n", "1"])).length > 0) return [];
    for (const file of USUAL_FILES) {
      const lines = await tail(file);
      if (lines !== null) return lines;
    }
    return [];
  }
}

/** Lines of the journal; none where there is no journal. */
async function journal(which: readonly string[]): Promise<string[]> {
  try {
    const text = await runTool("journalctl", [...JOURNAL, ...which], { timeout: PATIENCE_MS });
    return text === "" ? [] : text.split("\n");
  } catch (error) {
    if (error instanceof ToolFailure) return [];
    throw error;
  }
}

async function tail(file: string): Promise<string[] | null> {
  try {
    const { code, stdout } = await tryTool("tail", ["-c", String(TAIL_BYTES), "--", file], {
      timeout: PATIENCE_MS,
    });
    return code === 0 ? stdout.split("\n") : null; // most machines have one of these files, or none
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}

/**
 * What stands before the message in a file of syslog: the time, at most the host and a priority, and the
 * program. Nothing does in the journal, as it is read here, and in a file of sshd's own. Anything else is
 * part of a message, such as the name of a user who asks in vain, and may say what a stranger likes.
 */
const SYSLOG =
  /(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S+)(?: [^\s[\]]+){0,2} sshd(?:-session)?\[\d+\]: /;
const ACCEPTED = new RegExp(
  `^(?:${SYSLOG.source})?Accepted \\S+ for (\\S+) from (\\S+) port (\\d+)\\b`,
);

/**
 * Reads one line of sshd's log.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loginIn } from "./login_log.ts";
 *
 * assertEquals(loginIn("Accepted publickey for alice from 192.0.2.7 port 50022 ssh2: ED25519 SHA256:x"), {
 *   account: "alice",
 *   address: "192.0.2.7",
 *   port: 50022,
 * });
 * ```
 */
export function loginIn(line: string): Login | null {
  const [, account, address, port] = ACCEPTED.exec(line) ?? [];
  if (account === undefined || address === undefined) return null;
  try {
    return { account, address: parseAddress(address.replace(/%.*$/, "")).text, port: Number(port) };
  } catch (error) {
    if (error instanceof C3poError) return null; // a name, where sshd looks those up
    throw error;
  }
}
