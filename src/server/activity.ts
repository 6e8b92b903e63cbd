import type { Activity, Firewall } from "../firewall/firewall.ts";
import { isProbeAddress } from "../os/probe_addresses.ts";
import type { Task } from "./ticker.ts";

/** Called with each new activity. */
export type Subscriber = (activity: Activity) => Promise<void> | void;

/** Reads from the kernel who touched which trap and who came through which door, and tells its subscribers. */
export class ActivityMonitor implements Task {
  readonly what = "read what the kernel noted";
  readonly #firewall: Pick<Firewall, "look">;
  readonly #subscribers: readonly Subscriber[];
  readonly #onDamage: () => void;
  readonly #onLook: () => void;

  /**
   * @param onDamage called when sets or rules of ours are seen to be gone
   * @param onLook called when all subscribers have been told of what happened, if anything did
   */
  constructor(
    firewall: Pick<Firewall, "look">,
    subscribers: readonly Subscriber[],
    onDamage: () => void,
    onLook: () => void,
  ) {
    this.#firewall = firewall;
    this.#subscribers = subscribers;
    this.#onDamage = onDamage;
    this.#onLook = onLook;
  }

  async run(): Promise<boolean> {
    const seen = await this.#firewall.look();
    if (!seen.intact) this.#onDamage();
    const activity = withoutProbes(seen);
    const { hits, confirmed, arrivals } = activity;
    const isBusy = hits.length + confirmed.length + arrivals.length > 0;
    if (isBusy) { for (const take of this.#subscribers) await take(activity); }
    this.#onLook();
    return isBusy;
  }
}

/** A probe of ours bans its own addresses, and that is no offence. */
function withoutProbes({ hits, confirmed, arrivals, intact }: Activity): Activity {
  return {
    hits: hits.filter(({ source }) => !isProbeAddress(source)),
    confirmed: confirmed.filter((source) => !isProbeAddress(source)),
    arrivals: arrivals.filter(({ source }) => !isProbeAddress(source)),
    intact,
  };
}
