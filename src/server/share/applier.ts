import type { BanStore } from "../../bans/ban_store.ts";
import type { Outcome } from "../../fleet/outcome.ts";
import { Receiver } from "../../fleet/receiver.ts";
import { RunningBans, type SharedBan } from "../../fleet/running_bans.ts";
import type { Address } from "../../os/address.ts";
import type { Clock } from "../../os/clock.ts";
import { C3poError } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import { RateLimiter } from "../../os/rate_limiter.ts";
import type { Context } from "../context.ts";
import type { ServerConfig } from "../options.ts";
import { KernelQueue } from "./kernel_queue.ts";
import type { LineNumbers } from "./line_numbers.ts";
import { OrderedNetworks } from "./ordered_networks.ts";
import { Refused } from "./refused.ts";
import type { Membership } from "./share_files.ts";
import { SharedList } from "./shared_file.ts";
import { Spared } from "./spared.ts";

const LOG_LINES = 20;
const LOG_WINDOW_MS = 1000;

const log = eventLog("share");

/** What an applier goes by. */
export interface ApplierOptions {
  readonly config: ServerConfig;
  readonly membership: Membership;
  readonly numbers: LineNumbers;
  /** How many members have to report a SYN; null if none is applied. */
  readonly quorum: number | null;
  readonly namespace: string;
  /** Called with the fingerprint of each user's key that the administrator revokes. */
  readonly onRevoke: (fingerprint: string) => Promise<void>;
}

/** Applies what other servers report: has it judged, and bans in the kernel what passes. */
export class Applier {
  readonly #clock: Clock;
  readonly #counters: Context["counters"];
  readonly #running = new RunningBans();
  readonly #list: SharedList;
  readonly #spared: Spared;
  readonly #receiver: Receiver;
  readonly #onRevoke: ApplierOptions["onRevoke"];
  readonly #queue: KernelQueue;
  readonly #ordered: OrderedNetworks;
  readonly #refused: Refused;
  readonly #limiter = new RateLimiter(LOG_LINES, LOG_WINDOW_MS);

  constructor(
    { config, membership, numbers, quorum, namespace, onRevoke }: ApplierOptions,
    { clock, firewall, machine, counters, runtimeFolder }: Context,
    store: BanStore,
  ) {
    const setting = config.share!;
    this.#clock = clock;
    this.#counters = counters;
    this.#onRevoke = onRevoke;
    this.#list = new SharedList(runtimeFolder, namespace, this.#running);
    const ports = [config.sshPort, ...config.services.map(({ port }) => port)];
    const { allowances } = numbers;
    const allowedHere = (): readonly Address[] => [...config.allow, ...store.allowed];
    this.#ordered = new OrderedNetworks(firewall, allowances, allowedHere);
    this.#spared = new Spared(
      () => [...allowedHere(), ...allowances.list().map(({ address }) => address)],
      store.trusted,
      ports,
      machine,
      clock,
    );
    this.#receiver = new Receiver({
      self: membership.self,
      members: membership.members,
      admin: membership.admin,
      isPrivateTaken: setting.private,
      applying: { isOn: setting.apply !== "off", quorum },
      sequences: numbers.sequences,
      running: this.#running,
      allowances,
      expelled: numbers.expelled,
      revoked: numbers.revoked,
      spare: (unit, at) => this.#spared.why(unit, at),
    });
    this.#queue = new KernelQueue(firewall);
    this.#refused = new Refused(counters);
  }

  /** How many bans of other servers run. */
  get size(): number {
    return this.#running.count(this.#clock.now());
  }

  /** The ban that other servers have for an address, if it runs. */
  find(unit: Address): SharedBan | undefined {
    return this.#running.find(unit.text, this.#clock.now());
  }

  /** Before lines are judged: finds out who has a session. */
  async look(): Promise<void> {
    await this.#spared.look();
  }

  /**
   * Has a line judged, and its consequence wait for {@linkcode settle}.
   *
   * @param at when the store took it, unix milliseconds of the store
   * @param storeNow the present time of the store
   */
  async apply(line: string, at: number, storeNow: number): Promise<void> {
    const now = this.#clock.now();
    await this.#follow(await this.#receiver.receive({ line, at, storeNow, now }), now);
  }

  /** Tells the kernel; what it cannot be told now it is by the next {@linkcode run}, which says so. */
  async settle(): Promise<void> {
    try {
      await this.#tell(this.#clock.now());
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
    }
  }

  /** The bans that run, for a kernel whose sets another tool has emptied. */
  async refill(): Promise<void> {
    this.#queue.ban(this.#running.list(this.#clock.now()));
    this.#ordered.changed();
    await this.#tell(this.#clock.now());
  }

  /** Ends the ban of an address, and takes no reports of it for a while. The kernel has been told. */
  forgive(unit: Address): void {
    this.#spared.forgive(unit, this.#clock.now());
    this.#running.remove(unit.text);
    this.#list.changed();
  }

  /** The same for all that run. */
  forgiveAll(): void {
    for (const { address } of this.#running.list(this.#clock.now())) this.forgive(address);
  }

  /** Somebody takes a network off the list of those that are allowed here. The kernel has been told. */
  disallow(network: Address): void {
    this.#ordered.remove(network);
  }

  /** What has to be done again, or now and then. @returns whether something waits */
  async run(now: number): Promise<boolean> {
    await this.#tell(now);
    this.#refused.tell(now);
    const suppressed = this.#limiter.settle(now);
    if (suppressed > 0) {
      log.warn("fleet_bans_suppressed", "log rate limit reached, bans of the fleet not logged", {
        suppressed,
      });
    }
    await this.#list.write(now);
    return this.#queue.size > 0;
  }

  /** Nothing is applied any more. */
  async close(): Promise<void> {
    await this.#list.remove();
  }

  async #tell(now: number): Promise<void> {
    try {
      await this.#ordered.flush(now); // first: whom it allows no ban is to meet
    } finally {
      await this.#queue.flush(now);
    }
  }

  async #follow(outcome: Outcome, now: number): Promise<void> {
    switch (outcome.do) {
      case "ban": {
        const { address, until, member } = outcome;
        this.#queue.ban([outcome]);
        this.#list.changed();
        this.#counters.shared("applied");
        if (!this.#limiter.take(now)) return;
        const seconds = Math.ceil((until - now) / 1000);
        log.warn("fleet_ban", "banned for the fleet", { address: address.text, member, seconds });
        return;
      }
      case "forgive": {
        this.#queue.unban(outcome.addresses);
        this.#list.changed();
        const { addresses: { length }, member } = outcome;
        log.info("fleet_unban", "bans of the fleet removed", { count: length, member });
        return;
      }
      case "allow": {
        this.#ordered.changed();
        const seconds = Math.ceil((outcome.until - now) / 1000);
        log.info("fleet_allow", "allowed for the fleet", {
          network: outcome.address.text,
          seconds,
        });
        return;
      }
      case "revoke":
        log.warn("fleet_revoke", "a user's key was revoked for the fleet", {
          fingerprint: outcome.fingerprint,
        });
        return await this.#onRevoke(outcome.fingerprint);
      case "refuse":
        this.#refused.add(outcome.reason, outcome.member);
    }
  }
}
