import type { Host } from "../os/host.ts";
import { dial, isOpen } from "../os/dial.ts";
import { report, stdinIsTerminal } from "../os/terminal.ts";
import { clockNote, explain } from "./advice.ts";
import type { Neighbour } from "./nearby_minutes.ts";
import { reach, type Reached, type Target } from "./reach.ts";
import { minuteAt } from "../schedule/minute.ts";

/** A run of ssh that ended with 255: it could not connect, or the session ended so. */
export interface FailedRun {
  /** Where it was led. */
  readonly open: Neighbour;
  /** When it started, in unix milliseconds by our clock. */
  readonly began: number;
  /** Milliseconds from its start to its end. */
  readonly took: number;
  /** Whether it was to run a command. */
  readonly command: boolean;
  /** Whether nothing is to be said of what went wrong. */
  readonly isQuiet: boolean;
  /** Where the key was found. */
  readonly source: string;
}

/** No connection takes longer to fail; who was away longer had a session. */
const CONNECT_MS = 150_000;
/** Hardly a session fits in here, a refusal does. */
const REFUSAL_MS = 2_000;
/** How long the port that ssh was led to may take to answer: another one has just answered. */
const ANSWER_MS = 3_000;

/**
 * After ssh failed: finds out whether the port was to blame, tells the user, and finds the one to
 * try next.
 *
 * ssh does not say whether it got as far as a session, and a command must not be run twice. So there is
 * another try only if the port it was led to does not answer while another does, and either it
 * failed at once or there is nothing to repeat but a prompt.
 *
 * @param name what the user calls the host
 * @returns null if ssh's exit code is the answer
 */
export async function nextPlace(
  run: FailedRun,
  name: string,
  target: Target,
  host: Host,
): Promise<Neighbour | null> {
  if (run.took > CONNECT_MS) return null;
  const found = await reach(target);
  if (!("conn" in found)) {
    if (!run.isQuiet) report(explain(name, found, run.source), host.terminal);
    return null;
  }
  found.conn.close();
  const met = await metSshd(run, found, target);
  if (met === true) return null; // and it has said what it had to say
  const say = (text: string): void => run.isQuiet ? undefined : host.terminal.note(`c3po: ${text}`);
  const note = clockNote(found);
  if (note !== null) say(note);
  if (met === false || (!run.command && stdinIsTerminal())) return found.open;
  say("hint: it is unknown whether the command ran; run it again if it did not");
  return null;
}

/**
 * Whether ssh got as far as sshd; null if nobody can tell. That another port answers by now proves nothing where
 * the minute has changed since.
 */
async function metSshd(
  { open, began, took }: FailedRun,
  found: Reached,
  { hostname }: Target,
): Promise<boolean | null> {
  if (found.open.port === open.port && found.open.address === open.address) return true;
  const isSameOffset = found.open.minute - minuteAt(found.at) === open.minute - minuteAt(began);
  // Later its minute may be over, and the port be a trap.
  if (took > REFUSAL_MS) return isSameOffset ? true : null;
  const answer = await dial(open.address ?? hostname, open.port, AbortSignal.timeout(ANSWER_MS));
  if (!isOpen(answer)) return isSameOffset ? null : false; // or it was closed only since, without a grace
  answer.close();
  return true;
}
