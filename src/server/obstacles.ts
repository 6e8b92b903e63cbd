import type { Firewall, Obstacle } from "../firewall/firewall.ts";
import type { Policy } from "../firewall/policy.ts";
import { C3poError, Failure } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { Task } from "./ticker.ts";

const log = eventLog("firewall");

/**
 * Refuses to start beside a rule of another tool that keeps every port of C3PO's from working: hiding sshd's
 * own port would be all that is left. What cannot be read is no reason not to start.
 *
 * @throws {Failure} naming the rule
 */
export async function refuseShutWay(
  firewall: Pick<Firewall, "obstacles">,
  policy: Policy,
): Promise<void> {
  const obstacles = await firewall.obstacles(policy).catch((error): readonly Obstacle[] => {
    if (!(error instanceof C3poError)) throw error;
    return []; // told once everything is in place
  });
  const total = obstacles.find(({ isTotal }) => isTotal);
  if (total === undefined) return;
  throw new Failure(`SSH would be shut: ${total.what}`, {
    hint: `${total.remedy}; to start anyway: --force`,
  });
}

/** Says which rules of other tools keep doors from leading to their services, when they are new. */
export class ObstacleMonitor implements Task {
  readonly what = "look for rules that keep ports shut";
  readonly #firewall: Pick<Firewall, "obstacles">;
  readonly #policy: () => Policy;
  #told: ReadonlySet<string> = new Set();
  #isUnreadable = false;
  #isDue = true;

  constructor(firewall: Pick<Firewall, "obstacles">, policy: () => Policy) {
    this.#firewall = firewall;
    this.#policy = policy;
  }

  /** Other tools changed their rules, or may have. */
  rulesChanged(): void {
    this.#isDue = true;
  }

  async run(): Promise<boolean> {
    if (!this.#isDue) return false;
    this.#isDue = false;
    try {
      const obstacles = await this.#firewall.obstacles(this.#policy());
      for (const { what, remedy, isTotal } of obstacles) {
        if (this.#told.has(what)) continue;
        if (isTotal) log.error("firewall_shut", what, { next: remedy });
        else log.warn("firewall_denies", what, { next: remedy });
      }
      this.#told = new Set(obstacles.map(({ what }) => what));
      this.#isUnreadable = false;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (!this.#isUnreadable) {
        log.warn("firewall_unreadable", "cannot tell whether other rules keep C3PO's ports shut", {
          error: error.message,
        });
      }
      this.#isUnreadable = true;
    }
    return false;
  }
}
