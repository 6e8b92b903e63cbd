import type { Family } from "../os/address.ts";
import type { Finding } from "../os/finding.ts";
import type { Reached } from "../os/reach_out.ts";
import { openAt, type Window } from "../schedule/windows.ts";

/** The ports that a probe tries. */
export interface ProbePorts {
  readonly sshPort: number;
  /** Leads to sshd; null if no port does in this minute that is open to everyone. */
  readonly door: number | null;
  readonly trap: number | null;
  /** Whether sshd's own port has to be shut now. */
  readonly isHidden: boolean;
}

/** What the connections met; nothing where none was made. */
export interface Seen {
  /** Whether sshd answers at all in this family, as seen from this machine. */
  readonly answers: boolean;
  /** The door, twice. */
  readonly door: readonly Reached[];
  /** A trap, and then, from the same address, the door. */
  readonly trap: readonly Reached[];
  readonly hidden: readonly Reached[];
}

/** The windows that stay open for some seconds, the one that does so longest first. */
export function windowToProbe(windows: readonly Window[], now: number, least: number): Window[] {
  return openAt(windows, now).filter(({ until }) => until >= now + least)
    .sort((a, b) => b.until - a.until);
}

const LOG = "read the log (journalctl -u c3po), and run c3po check";

/** What a probe of one family has found. */
export function judge(family: Family, ports: ProbePorts, seen: Seen): Finding {
  const what = "probe";
  const say = (grade: Finding["grade"], found: string, todo?: string): Finding => ({
    grade,
    what,
    found: `IPv${family}: ${found}`,
    ...todo === undefined ? {} : { todo },
  });
  const { door, trap, hidden, answers } = seen;
  const reaches = door.length > 0 && door.every(isSsh);
  const isTrapOpen = trap[0]?.answer === "open";
  if (hidden.some(isSsh)) {
    return say("fail", `port ${ports.sshPort} reaches sshd though it should be hidden`, LOG);
  }
  if (hidden.some(({ answer }) => answer === "open")) {
    const found = `something answers at the hidden port ${ports.sshPort} in place of sshd`;
    return say("fail", found, "look for SYNPROXY or a proxy: c3po check names such rules");
  }
  const isDoorMissed = answers && door.length > 0 && !reaches;
  if (isDoorMissed && trap.length > 0 && !isTrapOpen) {
    const found = "neither the port of the minute nor a trap answers: the rules have no effect";
    return say("fail", found, "look for NOTRACK: c3po check names such rules");
  }
  if (trap.length > 0 && !isTrapOpen) {
    return say("fail", `the trap ${ports.trap} does not answer`, LOG);
  }
  if (trap.length > 1 && trap[1]!.answer === "open") {
    return say("fail", "a connection to a trap does not ban", LOG);
  }
  if (isDoorMissed) {
    return say(
      "warn",
      "the port of the minute does not reach sshd from a new network interface",
      "if other rules allow SSH from some networks or interfaces only, that is as it should be",
    );
  }
  const done = [
    ...reaches ? ["the port of the minute reaches sshd"] : [],
    ...trap.length > 0 ? ["a trap bans"] : [],
    ...hidden.length > 0 ? [`port ${ports.sshPort} is hidden`] : [],
    ...answers ? [] : ["sshd does not listen"],
    ...answers && door.length === 0 ? ["no port that is open to everyone leads to sshd now"] : [],
  ];
  return say("ok", done.join(", "));
}

function isSsh({ answer, line }: Reached): boolean {
  return answer === "open" && line !== null && line.startsWith("SSH-");
}
