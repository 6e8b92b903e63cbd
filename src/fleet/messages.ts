import {
  array,
  type InferOutput,
  literal,
  nullable,
  object,
  optional,
  pipe,
  readonly,
  string,
  tuple,
  variant,
} from "valibot";
import { amount, count, readJson } from "../os/schema.ts";

/*
 * What `serve` and `c3po share` say to each other: a document of JSON in each line. `serve` believes nothing
 * of a line of the fleet that comes this way before it has verified it.
 */

/** How the store is reached. */
export interface StoreAccess {
  /** `rediss://HOST:PORT`. */
  readonly store: string;
  /** The same of a replica of it, which is read from instead; null if there is none. */
  readonly replica: string | null;
  /** The text of the certificates that the store's own is verified with; null for those of the system. */
  readonly ca: string | null;
  readonly username: string | null;
  readonly password: string | null;
}

const TO_CARRIER = variant("do", [
  /** First of all: where the store is, and behind which entry to begin. */
  pipe(
    object({
      do: literal("carry"),
      store: string(),
      replica: optional(nullable(string()), null), // a serve of before does not say it
      ca: nullable(string()),
      username: nullable(string()),
      password: nullable(string()),
      after: nullable(string()),
    }),
    readonly(),
  ),
  pipe(object({ do: literal("publish"), seq: count, line: string() }), readonly()),
]);

const FROM_CARRIER = variant("do", [
  /** The store answers. Its time, unix milliseconds. */
  pipe(object({ do: literal("up"), time: amount }), readonly()),
  /** It does not, and why. */
  pipe(object({ do: literal("down"), reason: string() }), readonly()),
  /** All that the store has was passed on. Its time, unix milliseconds. */
  pipe(object({ do: literal("current"), time: amount }), readonly()),
  /** Lines of the fleet, each with the id that the store gave it: `MILLISECONDS-NUMBER`. */
  pipe(
    object({ do: literal("lines"), lines: array(tuple([string(), string()])) }),
    readonly(),
  ),
  /** The store has taken a line. */
  pipe(object({ do: literal("published"), seq: count }), readonly()),
]);

/** What `serve` says. */
export type ToCarrier = InferOutput<typeof TO_CARRIER>;
/** What `c3po share` says. */
export type FromCarrier = InferOutput<typeof FROM_CARRIER>;

/** A message as it is sent, with its end. */
export function formatMessage(message: ToCarrier | FromCarrier): string {
  return JSON.stringify(message) + "\n";
}

/** @throws {Malformed} for anything else */
export function parseToCarrier(line: string): ToCarrier {
  return readJson(TO_CARRIER, line);
}

/** @throws {Malformed} for anything else */
export function parseFromCarrier(line: string): FromCarrier {
  return readJson(FROM_CARRIER, line);
}
