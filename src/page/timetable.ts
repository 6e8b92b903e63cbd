import type { Schedule } from "../schedule/schedule.ts";

/** So many minutes are known ahead, so that a change of minute shows at once. */
const AHEAD = 2;

/** The SSH ports of a host, this minute's and the next ones. */
export class Timetable {
  readonly #schedule: Schedule;
  readonly #ports = new Map<number, number>();

  /** @param schedule of the host */
  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** The port of a minute, if it is computed already. */
  at(minute: number): number | undefined {
    return this.#ports.get(minute);
  }

  /**
   * Computes the ports of a minute and of those behind it, and forgets all others.
   *
   * @returns the port of that minute
   */
  async prepare(minute: number): Promise<number> {
    for (let each = minute; each <= minute + AHEAD; each++) {
      if (!this.#ports.has(each)) this.#ports.set(each, (await this.#schedule.ports(each, 0)).ssh);
    }
    for (const known of this.#ports.keys()) {
      if (known < minute || known > minute + AHEAD) this.#ports.delete(known);
    }
    return (await this.#schedule.ports(minute, 0)).ssh;
  }
}
