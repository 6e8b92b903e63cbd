import type { BanStore, CommandListener } from "../../bans/ban_store.ts";
import type { Evidence } from "../../fleet/line.ts";
import { type FromCarrier, parseFromCarrier } from "../../fleet/messages.ts";
import type { Address } from "../../os/address.ts";
import type { Clock } from "../../os/clock.ts";
import { C3poError, Malformed } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import type { Channel, ChannelListener } from "../../os/local_socket.ts";
import { join } from "../../os/path.ts";
import { networkNamespace } from "../../os/procfs.ts";
import type { Configuration, Context } from "../context.ts";
import type { Task } from "../ticker.ts";
import { Applier, type ApplierOptions } from "./applier.ts";
import { LineNumbers } from "./line_numbers.ts";
import { Reporter } from "./reporter.ts";
import { readMembership } from "./share_files.ts";
import { type StoreState, StoreStatus } from "./store_status.ts";

/** Once work on lines adds up to this it is followed by a rest of the same length, in milliseconds. */
const BUSY_MS = 20;
/** The socket for `c3po share`, in the run-time folder. */
const SOCKET = "share.sock";

const log = eventLog("share");

/** How it stands with the fleet. */
export interface ShareState extends StoreState {
  readonly members: number;
  /** How many bans of other servers run here. */
  readonly running: number;
}

/**
 * This server's part in a fleet: tells others of addresses that touched traps here, and bans what they tell
 * of, within limits that no member and no store can change. The store is reached by another process; what is
 * said here of packets, ports and minutes waits for none of it.
 */
export class FleetShare implements Task {
  readonly what = "share bans with the fleet";
  readonly #members: number;
  readonly #clock: Clock;
  readonly #counters: Context["counters"];
  readonly #listener: ChannelListener;
  readonly #numbers: LineNumbers;
  readonly #reporter: Reporter;
  readonly #applier: Applier;
  readonly #store: StoreStatus;
  #channel: Channel | null = null;
  /** The last entry of the store that was judged. */
  #cursor: string | null = null;

  private constructor(
    options: ApplierOptions,
    context: Context,
    store: BanStore,
    listener: ChannelListener,
  ) {
    const { clock, counters } = context;
    const { config, membership, numbers } = options;
    this.#members = membership.members.size;
    this.#clock = clock;
    this.#counters = counters;
    this.#listener = listener;
    this.#numbers = numbers;
    this.#reporter = new Reporter(config.share!, membership, numbers, clock);
    this.#applier = new Applier(options, context, store);
    this.#store = new StoreStatus(membership.access.store, clock);
    store.onCommand((command) => this.#take(command));
  }

  /**
   * Reads who belongs to the fleet, and listens for `c3po share`.
   *
   * @param quorum how many members have to report a SYN; null if none is applied
   * @throws {C3poError} if that cannot be done
   */
  static async open(
    { config }: Configuration,
    context: Context,
    store: BanStore,
    quorum: number | null,
    onRevoke: ApplierOptions["onRevoke"],
  ): Promise<FleetShare> {
    const { machine, runtimeFolder, stateFolder, clock } = context;
    const options = {
      config,
      quorum,
      membership: await readMembership(config.share!),
      numbers: await LineNumbers.open(stateFolder, clock),
      namespace: await networkNamespace(),
      onRevoke,
    };
    const listener = machine.listenLocally(join(runtimeFolder, SOCKET)); // last: it has to be closed
    return new FleetShare(options, context, store, listener);
  }

  /** How it stands with the store. */
  get state(): ShareState {
    return {
      ...this.#store.state,
      members: this.#members,
      running: this.#applier.size,
    };
  }

  /** An address touched a trap here. */
  saw(unit: Address, until: number, evidence: Evidence, offences: number): void {
    // If another server was first, the ban is made.
    if (this.#applier.find(unit) === undefined) {
      this.#reporter.report(unit, until, evidence, offences);
    }
  }

  /** The bans of the fleet that run, for a kernel whose sets another tool has emptied. */
  async refill(): Promise<void> {
    await this.#applier.refill();
  }

  async run(now: number): Promise<boolean> {
    const isBusy = await this.#applier.run(now);
    await this.#numbers.saveIfDue(now);
    return isBusy;
  }

  /** Stops listening, whether or not it has begun to {@linkcode serve}. */
  close(): void {
    this.#listener.close();
  }

  /** Talks to `c3po share`, whenever one is there, until the signal is aborted. */
  async serve(signal: AbortSignal): Promise<void> {
    const end = (): void => {
      this.#listener.close();
      this.#channel?.close();
    };
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    const talks = new Set<Promise<void>>();
    for await (const channel of this.#listener.channels) {
      this.#channel?.close(); // there is one store, and one that carries
      this.#channel = channel;
      const talk = this.#talk(channel, signal).finally(() => talks.delete(talk));
      talks.add(talk);
    }
    await Promise.all(talks);
    await this.#numbers.save();
    await this.#applier.close();
  }

  async #talk(channel: Channel, signal: AbortSignal): Promise<void> {
    const gone = new AbortController();
    const stop = AbortSignal.any([signal, gone.signal]);
    const isUp = (): boolean => this.#store.isUp && this.#channel === channel;
    const speaking = this.#reporter.speak(channel, this.#cursor, isUp, stop);
    let worked = 0;
    try {
      for await (const lines of channel.lines) {
        const startedAt = performance.now();
        for (const line of lines) await this.#hear(parseFromCarrier(line));
        await this.#applier.settle();
        worked += performance.now() - startedAt;
        if (worked < BUSY_MS) continue;
        // A flood takes half of a core at most; the store keeps what waits.
        await this.#clock.sleep(worked, stop);
        worked = 0;
      }
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      const what = error instanceof Malformed ? "it is not a message" : error.message;
      log.warn("share_broken", "c3po share said something that cannot be used", { error: what });
    } finally {
      channel.close();
      gone.abort();
      await speaking;
      if (this.#channel === channel) {
        this.#channel = null;
        this.#store.become("absent", "c3po share is not connected");
      }
    }
  }

  async #hear(message: FromCarrier): Promise<void> {
    const store = this.#store;
    switch (message.do) {
      case "up":
        store.setTime(message.time);
        if (store.isUp) return;
        store.become("up");
        return this.#reporter.resume();
      case "down":
        return store.become("down", message.reason);
      case "current":
        return store.setCurrent(message.time);
      case "published":
        this.#reporter.acknowledge(message.seq);
        this.#counters.shared("published");
        return;
      case "lines":
        await this.#applier.look();
        for (const [id, line] of message.lines) {
          await this.#applier.apply(line, Number(id.split("-")[0]), store.now);
          this.#cursor = id;
        }
    }
  }

  #take: CommandListener = (command) => {
    switch (command.do) {
      case "ban":
        return this.saw(command.address, command.until, "hand", 0);
      case "forgive all":
        return this.#applier.forgiveAll();
      case "publish":
        return this.#reporter.pass(command.line);
      case "forgive":
        this.#applier.forgive(command.address);
        if (command.isShared) this.#reporter.forgive(command.address);
        return;
      case "disallow":
        return this.#applier.disallow(command.address);
    }
  };
}
