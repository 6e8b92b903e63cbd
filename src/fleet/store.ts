import { Failure } from "../os/errors.ts";
import { within } from "../os/timer.ts";
import type { StoreAccess } from "./messages.ts";
import { LONGEST_LINE } from "./line.ts";

/** The stream that all members write to and read from. */
const STREAM = "c3po:bans";
/** The one field of an entry. */
const FIELD = "d";
/** How long the store keeps an entry, in milliseconds: no ban is longer. */
export const KEPT_MS = 900_000;
/** The most entries that are read at once. */
const MOST_READ = 1000;
/** How long a read waits for news, in milliseconds. */
const BLOCK_MS = 5000;
/** What the store says of a stream that is not there. */
const NO_STREAM = /no such key/;
/** For a connection, and for an answer that the store does not wait with. */
const PATIENCE_MS = 5000;

/** An entry of the store: its id, `MILLISECONDS-NUMBER`, and what was written. */
export type StoreEntry = readonly [id: string, line: string];

/** What the store has, and when that is. */
export interface StoreMoment {
  /** Unix milliseconds, by the clock of the store. */
  readonly time: number;
  /** The id of the last entry ever; null if there was none since the store was emptied. */
  readonly last: string | null;
}

/** A connection to the store that all members of a fleet share. Every call fails after some seconds. */
export interface Store {
  /** @throws {Failure} as every call does when the store does not answer */
  look(): Promise<StoreMoment>;
  /** Adds a line, and forgets what is older than 15 minutes. @param time that of the store, unix milliseconds */
  add(line: string, time: number): Promise<void>;
  /** The entries behind one; waits for news for a while. Empty if there is none. */
  read(after: string): Promise<readonly StoreEntry[]>;
  close(): void;
}

/**
 * Connects to a Redis or Valkey server, and to its replica if there is one, which is then read from.
 *
 * @throws {Failure} if it cannot, never quoting a password
 */
export async function openStore(access: StoreAccess): Promise<Store> {
  const { createClient } = await loadClient();
  /** What a connection said last of what is wrong with it, by its address. */
  const reasons = new Map<string, string>();
  const make = (address: string) => {
    const { protocol, hostname, port } = new URL(address);
    const socket = {
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port),
      connectTimeout: PATIENCE_MS,
      reconnectStrategy: false as const,
      ...(protocol === "rediss:"
        ? { tls: true as const, ...(access.ca === null ? {} : { ca: access.ca }) }
        : {}),
    };
    const client = createClient({
      RESP: 2,
      socket,
      ...(access.username === null ? {} : { username: access.username }),
      ...(access.password === null ? {} : { password: access.password }),
      // Both need rights that a member does not have, and the second reads the environment.
      disableClientInfo: true,
      maintNotifications: "disabled",
    });
    client.on("error", (error: Error) => reasons.set(address, error.message));
    return client;
  };
  type Client = ReturnType<typeof make>;
  const [here, there] = [access.replica ?? access.store, access.store];
  // A read that waits holds up what else is asked on its connection.
  const [reader, writer] = [make(here), make(there)];
  const close = (): void => {
    for (const client of [reader, writer]) if (client.isOpen) client.destroy();
  };
  const failed = (client: Client, error: unknown): Failure => {
    close();
    const address = client === reader ? here : there;
    const reason = reasons.get(address) ?? "the connection ended";
    return failure(address, error instanceof Error ? error.message : reason, access);
  };
  const ask = async (
    client: Client,
    words: readonly string[],
    patience = PATIENCE_MS,
    nothing?: RegExp,
  ): Promise<unknown> => {
    const answer = client.sendCommand([...words]).then(
      (value) => ({ value }),
      (error) => {
        if (nothing?.test(error.message)) return { value: null };
        throw error;
      },
    );
    answer.catch(() => {}); // if it is not waited for any more
    try {
      const given = await within(answer, patience);
      if (given === undefined) throw new Error("it does not answer");
      return given.value;
    } catch (error) {
      throw failed(client, error);
    }
  };
  const connect = async (client: Client): Promise<void> => {
    const connecting = client.connect().then(() => true);
    connecting.catch(() => {});
    try {
      if (await within(connecting, PATIENCE_MS) === undefined) {
        throw new Error("it does not answer");
      }
    } catch (error) {
      throw failed(client, error);
    }
  };
  await Promise.all([connect(reader), connect(writer)]);
  return {
    look: async () => {
      const [seconds, micros] = await ask(writer, ["TIME"]) as [string, string];
      const time = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      const info = await ask(writer, ["XINFO", "STREAM", STREAM], PATIENCE_MS, NO_STREAM);
      return { time, last: info === null ? null : lastOf(info) };
    },
    add: async (line, time) => {
      const oldest = String(Math.max(0, time - KEPT_MS));
      await ask(writer, ["XADD", STREAM, "MINID", "~", oldest, "*", FIELD, line]);
    },
    read: async (after) => {
      const words = ["XREAD", "COUNT", String(MOST_READ), "BLOCK", String(BLOCK_MS)];
      const answer = await ask(
        reader,
        [...words, "STREAMS", STREAM, after],
        BLOCK_MS + PATIENCE_MS,
      );
      return entriesOf(answer);
    },
    close,
  };
}

/** What `XINFO STREAM` says: names and values in turn. */
function lastOf(answer: unknown): string | null {
  const words = answer as unknown[];
  const last = words[words.indexOf("last-generated-id") + 1];
  return typeof last === "string" ? last : null;
}

/** What a store says in `XREAD`; anything else is taken for an entry that is no line. */
function entriesOf(answer: unknown): StoreEntry[] {
  const [stream] = (answer ?? []) as [string, unknown][];
  const entries = (stream?.[1] ?? []) as [string, readonly string[] | null][];
  return entries.map(([id, fields]) => {
    const at = fields?.indexOf(FIELD) ?? -1;
    const line = at >= 0 && at % 2 === 0 ? fields![at + 1] ?? "" : "";
    return [id, line.slice(0, LONGEST_LINE + 1)];
  });
}

type Library = typeof import("@redis/client");

/**
 * The npm client is loaded by this one command alone. It asks for modules of Node by `require`, which a
 * bundle for browsers leaves to the runtime, and a module of Deno does not have. In a bundle of several files
 * all that it exports is its default.
 */
async function loadClient(): Promise<Library> {
  const { createRequire } = await import("node:module");
  const scope = globalThis as { require?: unknown };
  scope.require ??= createRequire(import.meta.url);
  const client: Library & { default?: Library } = await import("@redis/client");
  return client.default ?? client;
}

function failure(address: string, reason: string, { password }: StoreAccess): Failure {
  const text = reason.replace(/\s+/g, " ").slice(0, 200);
  const safe = password === null || password === "" ? text : text.replaceAll(password, "…");
  return new Failure(`${address}: ${safe}`);
}
