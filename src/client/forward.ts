import type { Clock } from "../os/clock.ts";
import type { Connection } from "../os/dial.ts";
import type { Failure } from "../os/errors.ts";
import type { LocalListener } from "../os/local_listener.ts";
import { hangUp, relayBetween } from "../os/relay.ts";
import { report, type Terminal } from "../os/terminal.ts";
import { clockNote, explain } from "./advice.ts";
import { reach, type Target } from "./reach.ts";

/** A message is told again after so many milliseconds: a pool that reconnects would fill the screen. */
const AGAIN_MS = 60_000;

/** Where a forward leads. */
export interface ForwardTarget extends Target {
  /** What the user calls the host. */
  readonly name: string;
  /** Where the key was found. */
  readonly source: string;
}

/**
 * Takes connections and leads each through the port that is the server's at that moment. What is
 * connected stays so when the port changes, and when no more connections are taken.
 *
 * @returns when the listener is closed
 */
export async function forwardConnections(
  listener: LocalListener,
  target: ForwardTarget,
  terminal: Terminal,
): Promise<void> {
  const teller = new Teller(terminal, target.clock);
  for await (const conn of listener.connections) {
    // Not waited for: each has its own pace.
    forwardOne(conn, target, teller);
  }
}

async function forwardOne(
  conn: Connection,
  target: ForwardTarget,
  teller: Teller,
): Promise<void> {
  const found = await reach(target);
  if (!("conn" in found)) {
    hangUp(conn);
    teller.fail(explain(target.name, found, target.source));
    return;
  }
  const note = clockNote(found);
  if (note !== null) teller.note(note);
  await relayBetween(conn, found.conn);
}

/** Tells the user what goes wrong, each thing once a minute. */
class Teller {
  readonly #told = new Map<string, number>();

  constructor(readonly terminal: Terminal, readonly clock: Clock) {}

  fail(failure: Failure): void {
    if (this.#isNews(failure.message)) report(failure, this.terminal);
  }

  note(text: string): void {
    if (this.#isNews(text)) this.terminal.note(`c3po: ${text}`);
  }

  #isNews(text: string): boolean {
    const now = this.clock.now();
    const last = this.#told.get(text);
    // A clock that was set back is no reason to keep quiet.
    if (last !== undefined && now >= last && now < last + AGAIN_MS) return false;
    this.#told.set(text, now);
    return true;
  }
}
