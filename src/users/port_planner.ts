import { doorAddress } from "../schedule/door_address.ts";
import { deriveKey, SSH_SERVICE } from "../schedule/derivation.ts";
import type { Key } from "../schedule/key.ts";
import { DEFAULT_RANGE, type PortRange, sizeOf } from "../schedule/ports.ts";
import { Schedule } from "../schedule/schedule.ts";
import { CANARY_SERVICE } from "../schedule/open_doors.ts";
import { isReal } from "../schedule/odds.ts";
import type { AddressDoor, Door, MinutePlan } from "../schedule/windows.ts";
import { DEFAULT_USER, type User } from "./registry.ts";
import { isExpired } from "./user_file.ts";

/** A service that users may have ports of. */
export interface Offer {
  readonly name: string;
  /** What it speaks; TCP unless given. */
  readonly proto?: "udp";
}

/** What a server is to open. */
export interface Demand {
  readonly users: readonly User[];
  /** The services beside ssh, the one that wins a port first. */
  readonly services: readonly Offer[];
  /** How many traps there are for each port that leads to a service, UDP apart. */
  readonly traps: number;
  /** Overrides the range of the server's own key. */
  readonly range?: PortRange | undefined;
  /** The IPv6 /64 in which each pair of a user and a TCP service has an address of its own, if there is one. */
  readonly door?: string | undefined;
}

/** One service of one user: a port in every minute. */
interface Pair extends Pick<User, "state" | "expires" | "from">, Pick<Door, "proto"> {
  readonly user: string;
  readonly service: string;
  readonly schedule: Schedule;
}

/**
 * Keeps the schedules of keys, since to stretch a passphrase takes a noticeable time. Keyed by the key
 * object: a file that is read again has another.
 */
export class Schedules {
  readonly #known = new WeakMap<Key, Map<string, Promise<Schedule>>>();

  /** The schedule of a service; that of ssh is the schedule of the key itself. */
  of(key: Key, service: string, range?: PortRange): Promise<Schedule> {
    const ofKey = this.#known.get(key) ?? new Map<string, Promise<Schedule>>();
    this.#known.set(key, ofKey);
    const name = `${service} ${range?.low}-${range?.high}`;
    const known = ofKey.get(name);
    if (known !== undefined) return known;
    const made = service === SSH_SERVICE
      ? Schedule.of(key, range)
      : deriveKey(key, { service }).then((derived) => Schedule.of(derived, range));
    ofKey.set(name, made);
    return made;
  }
}

/**
 * Computes the ports of a minute from the keys of all users. The port of a user never depends on other
 * users. The traps come from the server's own key where that is the only one, as they always did, else
 * from a key that never leaves the server: a stolen user key does not reveal the traps.
 */
export class PortPlanner {
  /** Holds every port that may be opened. */
  readonly range: PortRange;
  readonly #pairs: readonly Pair[];
  readonly #traps: number;
  /** Where the traps come from; null if that is the server's own key. */
  readonly #trapSchedule: Schedule | null;
  readonly #door: string | undefined;

  private constructor(
    range: PortRange,
    pairs: readonly Pair[],
    traps: number,
    trapSchedule: Schedule | null,
    door: string | undefined,
  ) {
    this.range = range;
    this.#pairs = pairs;
    this.#traps = traps;
    this.#trapSchedule = trapSchedule;
    this.#door = door;
  }

  /**
   * @param demand with at least one user, or there is nothing to open
   * @param trapKey asked for if traps do not come from the server's own key
   */
  static async of(
    { users, services, traps, range, door }: Demand,
    trapKey: () => Promise<Key>,
    schedules = new Schedules(),
  ): Promise<PortPlanner> {
    const pairs: Pair[] = [];
    const offers: readonly Offer[] = [{ name: SSH_SERVICE }, ...services];
    for (const { name: service, proto } of offers) {
      for (const user of users.filter((each) => hasService(each, service))) {
        const { name, key, state, expires, from } = user;
        const own = name === DEFAULT_USER ? range : undefined;
        const schedule = await schedules.of(key, service, own);
        const pair = { user: name, service, schedule, state, expires, from };
        pairs.push(proto === undefined ? pair : { ...pair, proto });
      }
    }
    const hull = hullOf(pairs.map(({ schedule }) => schedule.range), range);
    const isAlone = services.length === 0 && users.every(({ name }) => name === DEFAULT_USER);
    const trapSchedule = isAlone ? null : await Schedule.of(await trapKey(), hull);
    return new PortPlanner(hull, pairs, traps, trapSchedule, door);
  }

  /** What the keys say of a minute. @param minute whole UTC minutes since 1970 */
  async plan(minute: number): Promise<MinutePlan> {
    const due = this.#pairs.filter((pair) => !isExpired(pair, minute));
    const open = due.filter(({ state }) => state === "open");
    const doors = await Promise.all(open.map((pair) => doorOf(pair, minute)));
    // A client that meets one of these traps has a revoked key.
    const revoked = due.filter(({ state }) => state === "trap");
    const more = await Promise.all(revoked.map((pair) => doorOf(pair, minute)));
    const watched = due.filter(({ state }) => state === "canary");
    const canaries = await Promise.all(
      watched.map((pair) => ({ ...pair, from: [] })).map(async (pair) => ({
        ...await doorOf(pair, minute),
        service: CANARY_SERVICE,
      })),
    );
    const traps = await this.#trapsOf(minute, doors.filter(isReal).length);
    return {
      minute,
      doors: [...doors, ...canaries],
      traps: [...traps, ...more.map(({ port }) => port)],
      ...(this.#door === undefined
        ? {}
        : { addressDoors: await addressDoorsOf(this.#door, open, doors, minute) }),
    };
  }

  /** Whether a user's key is a canary, so that ports may lead to the service of that name. */
  get hasCanaries(): boolean {
    return this.#pairs.some(({ state }) => state === "canary");
  }

  /** @param real how many ports lead to services */
  async #trapsOf(minute: number, real: number): Promise<readonly number[]> {
    if (this.#trapSchedule === null) {
      const [own] = this.#pairs;
      return own === undefined ? [] : (await own.schedule.ports(minute, this.#traps)).traps;
    }
    const count = trapCount(this.#traps, real, this.range);
    if (count === 0) return [];
    const { ssh, traps } = await this.#trapSchedule.ports(minute, count - 1);
    return [ssh, ...traps];
  }
}

/**
 * How many traps a minute has: so many for each port that leads to a service, but half the range at
 * most.
 *
 * @param real how many ports lead to services
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const range = { low: 1024, high: 65535 };
 * assertEquals([1, 10, 5000].map((real) => trapCount(15, real, range)), [15, 150, 32256]);
 * ```
 */
export function trapCount(perPort: number, real: number, range: PortRange): number {
  return Math.min(perPort * real, Math.floor(sizeOf(range) / 2));
}

/** Whether a user has ports of a service: a `classic:` secret derives no keys, so it has those of ssh. */
function hasService({ key, services }: User, service: string): boolean {
  if (service !== SSH_SERVICE && key.kind === "classic") return false;
  return services === "all" || services.includes(service);
}

async function doorOf(pair: Pair, minute: number): Promise<Door> {
  const { user, service, schedule, from, proto } = pair;
  return {
    service,
    user,
    port: (await schedule.ports(minute, 0)).ssh,
    ...from.length === 0 ? {} : { from },
    ...proto === undefined ? {} : { proto },
  };
}

/**
 * The addresses of some pairs, each with the port of its door. UDP has none: what is sent to any other address
 * of the network meets silence, and bans nobody either.
 *
 * @param doors of the pairs, in their order
 */
async function addressDoorsOf(
  network: string,
  pairs: readonly Pair[],
  doors: readonly Door[],
  minute: number,
): Promise<AddressDoor[]> {
  const found = await Promise.all(
    pairs.map(async ({ schedule, proto }, at): Promise<AddressDoor[]> => {
      const identifier = proto === undefined ? await schedule.identifier(minute) : null;
      if (identifier === null) return []; // also a classic: secret, which has no addresses
      return [{ ...doors[at]!, address: doorAddress(network, identifier) }];
    }),
  );
  return found.flat();
}

/** The smallest range that holds some others. */
function hullOf(ranges: readonly PortRange[], otherwise: PortRange | undefined): PortRange {
  if (ranges.length === 0) return otherwise ?? DEFAULT_RANGE;
  return {
    low: Math.min(...ranges.map(({ low }) => low)),
    high: Math.max(...ranges.map(({ high }) => high)),
  };
}
