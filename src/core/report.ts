import { parseAddress } from "./address.ts";
import { Malformed } from "./errors.ts";
import type { BanEvent, RepairEvent } from "./tally.ts";

/** What a running `serve` tells `c3po status`, in a file that only root may read. No port of it is secret. */
export interface Report {
  readonly pid: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly sshPort: number;
  /** `LO-HI`. */
  readonly range: string;
  /** Seconds. */
  readonly grace: number;
  /** Whether the open ports are those of the minute. */
  readonly onTime: boolean;
  /** Connections the tarpit holds. */
  readonly held: number;
  /** Connections the tarpit took. */
  readonly arrivals: number;
  readonly hits: number;
  /** Bans earned at traps. */
  readonly bans: number;
  readonly changes: number;
  readonly failedChanges: number;
  readonly lastDelaySeconds: number | null;
  readonly worstDelaySeconds: number;
  readonly repairs: number;
  readonly lastRepair: RepairEvent | null;
  /** Calls of tools that failed. */
  readonly toolErrors: number;
  /** Seconds this clock is ahead of true time; null if nobody here knows. */
  readonly clockOffset: number | null;
  /** The latest bans, the newest first. */
  readonly recent: readonly BanEvent[];
}

/** The file's content. */
export function formatReport(report: Report): string {
  return JSON.stringify(report) + "\n";
}

/**
 * Reads what {@linkcode formatReport} wrote.
 *
 * @throws {Malformed} for anything else
 */
export function parseReport(text: string): Report {
  try {
    const read = fields(JSON.parse(text));
    const repair = read("lastRepair", anything);
    return {
      pid: read("pid", count),
      startedAt: read("startedAt", count),
      sshPort: read("sshPort", count),
      range: read("range", words),
      grace: read("grace", count),
      onTime: read("onTime", (value) => value === true),
      held: read("held", count),
      arrivals: read("arrivals", count),
      hits: read("hits", count),
      bans: read("bans", count),
      changes: read("changes", count),
      failedChanges: read("failedChanges", count),
      lastDelaySeconds: read("lastDelaySeconds", orNull(number)),
      worstDelaySeconds: read("worstDelaySeconds", number),
      repairs: read("repairs", count),
      lastRepair: repair === null ? null : repairOf(fields(repair)),
      toolErrors: read("toolErrors", count),
      clockOffset: read("clockOffset", orNull(number)),
      recent: read("recent", list).map((event) => banOf(fields(event))),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Malformed) {
      throw new Malformed(`no report of serve: ${error.message}`);
    }
    throw error;
  }
}

type Fields = <T>(name: string, as: (value: unknown) => T) => T;

function banOf(read: Fields): BanEvent {
  return {
    at: read("at", count),
    address: parseAddress(read("address", words)).text,
    port: read("port", orNull(count)),
    trigger: read("trigger", (value) => value === "handshake" ? value : "syn"),
    offences: read("offences", count),
    seconds: read("seconds", count),
  };
}

function repairOf(read: Fields): RepairEvent {
  return { at: read("at", count), what: read("what", words) };
}

function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw new Malformed("no object");
  const object = value as Readonly<Record<string, unknown>>;
  return (name, as) => {
    try {
      return as(object[name]);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Malformed(`${name} is ${error.message}`);
    }
  };
}

const anything = (value: unknown): unknown => value;

function number(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Malformed("no number");
  return value;
}

function count(value: unknown): number {
  if (number(value) < 0) throw new Malformed("negative");
  return Math.floor(number(value));
}

function words(value: unknown): string {
  if (typeof value !== "string") throw new Malformed("no text");
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed("no list");
  return value;
}

function orNull<T>(as: (value: unknown) => T): (value: unknown) => T | null {
  return (value) => value === null ? null : as(value);
}
