import type { RefusalReason } from "../../fleet/outcome.ts";
import { eventLog } from "../../os/event_log.ts";
import type { Counters } from "../counters.ts";

/** Reasons that mean no harm: an address that is spared, a line that comes again. */
const USUAL: ReadonlySet<RefusalReason> = new Set([
  "replay",
  "own",
  "allowed",
  "trusted",
  "session",
  "forgiven",
  "expired",
  "unwanted",
]);
/** The others are told once in so long, in milliseconds. */
const TELL_MS = 60_000;

const log = eventLog("share");

/** Counts refused lines, and says now and then whose they were. */
export class Refused {
  readonly #counters: Counters;
  readonly #untold = new Map<string, number>();
  #toldAt = -Infinity;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Counts one. @param member null where that is not known */
  add(reason: RefusalReason, member: string | null): void {
    this.#counters.refusedLine(reason);
    if (USUAL.has(reason)) return;
    const key = `${reason} ${member ?? ""}`;
    this.#untold.set(key, (this.#untold.get(key) ?? 0) + 1);
  }

  /** Tells of those since it last did. @param now unix milliseconds */
  tell(now: number): void {
    if (this.#untold.size === 0 || Math.abs(now - this.#toldAt) < TELL_MS) return;
    this.#toldAt = now;
    for (const [key, count] of this.#untold) {
      const [reason, member] = key.split(" ");
      log.warn("share_refused", "lines of the fleet were refused", {
        reason,
        member: member || "unknown",
        count,
      });
    }
    this.#untold.clear();
  }
}
