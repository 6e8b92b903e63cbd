import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { report, type Terminal } from "../os/terminal.ts";
import { minuteAt, minuteStart } from "../schedule/minute.ts";
import { setEndpoint } from "./wireguard.ts";

/** After a suspension the clock is ahead of every timer, so it is looked at this often, in milliseconds. */
const LOOK_MS = 5000;

/** What is to be renewed. */
export interface Renewal {
  readonly interface: string;
  readonly peer: string;
  /** `HOST:PORT` in a minute. */
  readonly endpoint: (minute: number) => Promise<string>;
  readonly clock: Clock;
}

/**
 * Sets the endpoint of a peer once a minute until the signal is aborted. A failure is reported, and tried
 * again in the next minute: the interface may be down for a while.
 *
 * @param minute for which it has been set already
 */
export async function renewEndpoint(
  { interface: name, peer, endpoint, clock }: Renewal,
  minute: number,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  let last = minute;
  let told = "";
  while (!signal.aborted) {
    const now = clock.now();
    if (minuteAt(now) === last) {
      const left = minuteStart(last + 1) - now;
      await clock.sleep(Math.min(left, LOOK_MS), signal);
      continue;
    }
    last = minuteAt(now);
    try {
      await setEndpoint(name, peer, await endpoint(last));
      told = "";
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (error.message !== told) report(error, terminal);
      told = error.message;
    }
  }
}
