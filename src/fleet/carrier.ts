import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { Event } from "../os/event.ts";
import type { Channel } from "../os/local_socket.ts";
import {
  formatMessage,
  type FromCarrier,
  parseToCarrier,
  type StoreAccess,
  type ToCarrier,
} from "./messages.ts";
import { KEPT_MS, type Store, type StoreMoment } from "./store.ts";

/** The first wait before the store is tried again, and the longest, in milliseconds. */
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [50, 20_000];
/** The store is asked for its time this often, in milliseconds. */
const LOOK_MS = 5000;
/** The most lines that wait to be written. */
const MOST_WAITING = 1000;

type Publish = Extract<ToCarrier, { do: "publish" }>;

/** What a carrier needs. */
export interface CarrierOptions {
  readonly channel: Channel;
  /** Connects to the store. */
  readonly open: (access: StoreAccess) => Promise<Store>;
  readonly clock: Clock;
  /** A number from 0 to 1 by which waits differ, so that a thousand members do not come back at once. */
  readonly jitter: () => number;
  /** Told of each change: null if the store answers, else why it does not. */
  readonly onChange: (problem: string | null) => void;
}

/**
 * Carries lines between `serve` and the store until either `serve` is gone or the signal is aborted. It
 * knows no key and judges nothing: a carrier that lies can do no more than a store that does.
 */
export async function carry(options: CarrierOptions, signal: AbortSignal): Promise<void> {
  const { channel, clock } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const waiting: Publish[] = [];
  const news = new Event(clock);
  let carrying: Promise<void> | null = null;
  const end = (): void => channel.close();
  signal.addEventListener("abort", end);
  try {
    for await (const lines of channel.lines) {
      for (const line of lines) {
        const message = parseToCarrier(line);
        if (message.do === "carry") {
          const parts = { ...options, waiting, news, isReplica: message.replica !== null };
          carrying ??= connections(message, message.after, parts, stop);
          carrying.catch(() => channel.close());
        } else {
          waiting.push(message);
          if (waiting.length > MOST_WAITING) waiting.shift();
          news.set();
        }
      }
    }
  } finally {
    signal.removeEventListener("abort", end);
    over.abort();
    channel.close();
    await carrying;
  }
}

interface Parts extends CarrierOptions {
  readonly waiting: Publish[];
  readonly news: Event;
  /** Whether a replica is read from, which may not have what the store has. */
  readonly isReplica: boolean;
}

/** One connection after the other. */
async function connections(
  access: StoreAccess,
  after: string | null,
  parts: Parts,
  signal: AbortSignal,
): Promise<void> {
  const { channel, clock, jitter, open, onChange } = parts;
  let cursor = after;
  let problem: string | null = "";
  const become = async (now: string | null): Promise<void> => {
    if (now === problem) return;
    if ((now === null) !== (problem === null) || problem === "") onChange(now);
    problem = now;
    if (now !== null) await say(channel, { do: "down", reason: now });
  };
  for (let wait = FIRST_WAIT_MS; !signal.aborted;) {
    try {
      const store = await open(access);
      try {
        const moment = await store.look();
        cursor = startAt(cursor, moment);
        await become(null);
        await say(channel, { do: "up", time: moment.time });
        wait = FIRST_WAIT_MS;
        cursor = await converse(store, cursor, moment, parts, signal, (id) => cursor = id);
      } finally {
        store.close();
      }
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      if (signal.aborted) return;
      await become(error.message);
    }
    if (!signal.aborted) await clock.sleep(wait * jitter(), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** Reads and writes over one connection until it breaks or the signal is aborted. */
async function converse(
  store: Store,
  from: string,
  moment: StoreMoment,
  parts: Parts,
  signal: AbortSignal,
  at: (id: string) => void,
): Promise<string> {
  const { clock } = parts;
  const broken = new AbortController();
  const stop = AbortSignal.any([signal, broken.signal]);
  const close = (): void => store.close(); // a read that waits ends at once
  stop.addEventListener("abort", close);
  const state = { cursor: from, ahead: moment.time - clock.now(), last: moment.last };
  try {
    await Promise.all([
      reading(store, state, parts, stop, at).finally(() => broken.abort()),
      writing(store, state, parts, stop).finally(() => broken.abort()),
    ]);
  } finally {
    stop.removeEventListener("abort", close);
  }
  return state.cursor;
}

interface State {
  cursor: string;
  /** What the clock of the store is ahead of this one, in milliseconds. */
  ahead: number;
  /** The last entry that the store had when it was looked at. */
  last: string | null;
}

async function reading(
  store: Store,
  state: State,
  { channel, clock, isReplica }: Parts,
  signal: AbortSignal,
  at: (id: string) => void,
): Promise<void> {
  let toldAt = -Infinity;
  while (!signal.aborted) {
    const from = state.cursor;
    const entries = await store.read(from);
    if (state.cursor !== from) continue; // the store was emptied meanwhile
    if (entries.length > 0) {
      await say(channel, {
        do: "lines",
        lines: entries.map(([id, line]): [string, string] => [id, line]),
      });
      state.cursor = entries.at(-1)![0];
      at(state.cursor);
    }
    const isBehind = isReplica && state.last !== null && isBefore(state.cursor, state.last);
    if (isBehind) continue;
    const now = clock.now();
    if (entries.length < 1000 && Math.abs(now - toldAt) >= LOOK_MS) {
      toldAt = now;
      await say(channel, { do: "current", time: now + state.ahead });
    }
  }
}

async function writing(
  store: Store,
  state: State,
  { channel, clock, waiting, news }: Parts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (let first = waiting[0]; first !== undefined && !signal.aborted; first = waiting[0]) {
      await store.add(first.line, clock.now() + state.ahead);
      if (waiting[0] === first) waiting.shift();
      await say(channel, { do: "published", seq: first.seq });
    }
    if (await news.wait(LOOK_MS, signal) || signal.aborted) continue;
    const moment = await store.look();
    state.ahead = moment.time - clock.now();
    state.last = moment.last;
    state.cursor = startAt(state.cursor, moment);
  }
}

/**
 * Behind which entry to read on: who reads behind an id that the store has not reached, because it was
 * emptied or its clock was set back, would hear nothing.
 */
function startAt(cursor: string | null, { time, last }: StoreMoment): string {
  const oldest = `${Math.max(0, time - KEPT_MS)}-0`;
  if (cursor === null || (last !== null && isBefore(last, cursor))) return oldest;
  if (last === null && isBefore(`${time}-0`, cursor)) return oldest;
  return isBefore(cursor, oldest) ? oldest : cursor;
}

function isBefore(one: string, other: string): boolean {
  const [a, b] = [one, other].map((id) => id.split("-").map(Number) as [number, number]);
  return a![0] < b![0] || (a![0] === b![0] && a![1] < b![1]);
}

async function say(channel: Channel, message: FromCarrier): Promise<void> {
  await channel.write(formatMessage(message));
}
