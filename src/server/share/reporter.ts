import type { Evidence, Statement } from "../../fleet/line.ts";
import { formatMessage, type ToCarrier } from "../../fleet/messages.ts";
import { Outbox } from "../../fleet/outbox.ts";
import type { Address } from "../../os/address.ts";
import { isPublic } from "../../os/address_scope.ts";
import type { Clock } from "../../os/clock.ts";
import { C3poError } from "../../os/errors.ts";
import { Event } from "../../os/event.ts";
import type { Channel } from "../../os/local_socket.ts";
import type { ShareSetting } from "../share_settings.ts";
import type { LineNumbers } from "./line_numbers.ts";
import type { Membership } from "./share_files.ts";

/** Without news it is looked after what waits this often, in milliseconds. */
const LOOK_MS = 60_000;

/** Tells other servers what was seen here. What the store has not taken waits, and is sent again. */
export class Reporter {
  readonly #setting: Pick<ShareSetting, "publish" | "private">;
  readonly #membership: Pick<Membership, "self" | "signer" | "access">;
  readonly #numbers: LineNumbers;
  readonly #clock: Clock;
  readonly #outbox = new Outbox();
  readonly #news: Event;

  constructor(
    setting: Pick<ShareSetting, "publish" | "private">,
    membership: Pick<Membership, "self" | "signer" | "access">,
    numbers: LineNumbers,
    clock: Clock,
  ) {
    this.#setting = setting;
    this.#membership = membership;
    this.#numbers = numbers;
    this.#clock = clock;
    this.#news = new Event(clock);
  }

  /** Reports a ban, if the setting has it, and it was not reported before. */
  report(address: Address, until: number, evidence: Evidence, offences: number): void {
    const { publish, private: isPrivateShared } = this.#setting;
    const isWanted = publish === "all" || (publish === "confirmed" && evidence === "confirmed");
    if (!isWanted || (!isPrivateShared && !isPublic(address))) return;
    const sighting = { address, until, evidence, offences };
    if (this.#outbox.add(sighting, this.#clock.now())) this.#news.set();
  }

  /** Takes back what was reported of an address. */
  forgive(address: Address): void {
    this.#outbox.forgive(address);
    this.#news.set();
  }

  /** Passes a line on that another has signed. */
  pass(line: string): void {
    this.#outbox.pass(line);
    this.#news.set();
  }

  /** The store has taken a line. */
  acknowledge(seq: number): void {
    this.#outbox.acknowledge(seq);
  }

  /** The store answers again: what it has not taken is sent once more. */
  resume(): void {
    this.#outbox.retry();
    this.#news.set();
  }

  /**
   * Sends what waits, whenever the store is there, until the signal is aborted or the channel breaks.
   *
   * @param after behind which entry the store is to be read; null for all that it has
   * @param isUp whether the store answers
   */
  async speak(
    channel: Channel,
    after: string | null,
    isUp: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    this.#outbox.retry();
    const send = (message: ToCarrier): Promise<void> => channel.write(formatMessage(message));
    try {
      await send({ do: "carry", ...this.#membership.access, after });
      while (!signal.aborted) {
        while (isUp() && !signal.aborted) {
          const next = this.#outbox.next(this.#clock.now());
          if (next === null) break;
          const seq = await this.#numbers.next();
          next.sentAs(seq);
          await send({ do: "publish", seq, line: await this.#lineOf(seq, next.said) });
        }
        if (!signal.aborted) await this.#news.wait(LOOK_MS, signal);
      }
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      channel.close(); // which ends the reader too
    }
  }

  async #lineOf(seq: number, statement: Statement | string): Promise<string> {
    if (typeof statement === "string") return statement;
    const { self, signer } = this.#membership;
    const time = Math.floor(this.#clock.now() / 1000);
    return await signer.sign({ member: self, seq, time, statement });
  }
}
