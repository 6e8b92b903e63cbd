import {
  array,
  boolean,
  exactOptional,
  type InferOutput,
  literal,
  nullable,
  object,
  picklist,
  pipe,
  readonly,
  record,
  string,
} from "valibot";
import { ENGINE_NAMES } from "../firewall/firewall.ts";
import { parseAddress, parseBannedNetwork } from "../os/address.ts";
import { Malformed } from "../os/errors.ts";
import { amount, count, finite, readJson, textReadBy } from "../os/schema.ts";

const TRIGGER = picklist(["syn", "handshake"]);

const BAN_EVENT = pipe(
  object({
    /** Unix milliseconds. */
    at: amount,
    /** The very address, or an IPv6 network that was banned whole. */
    address: textReadBy((text) =>
      (text.includes("/") ? parseBannedNetwork(text) : parseAddress(text)).text
    ),
    /** The trap; null if it is no longer known which. */
    port: nullable(count),
    trigger: TRIGGER,
    offences: count,
    seconds: amount,
  }),
  readonly(),
);

const REPAIR_EVENT = pipe(
  object({
    /** Unix milliseconds. */
    at: amount,
    what: string(),
  }),
  readonly(),
);

const PROBE_EVENT = pipe(
  object({
    /** Unix milliseconds. */
    at: amount,
    /** What did not work; null if all did. */
    failed: nullable(string()),
  }),
  readonly(),
);

const NETWORK = pipe(object({ family: picklist([4, 6]), text: string() }), readonly());

const WINDOW = pipe(
  object({
    minute: count,
    /** Unix seconds. */
    from: finite,
    until: finite,
    doors: pipe(
      array(pipe(
        object({
          service: string(),
          port: count,
          user: string(),
          proto: exactOptional(literal("udp")),
          /** The networks that it is open from; without it, from anywhere. */
          from: exactOptional(pipe(array(NETWORK), readonly())),
        }),
        readonly(),
      )),
      readonly(),
    ),
    traps: pipe(array(count), readonly()),
  }),
  readonly(),
);

const ARRIVAL = pipe(
  object({
    /** Unix milliseconds. */
    at: amount,
    address: textReadBy((text) => parseAddress(text).text),
    service: string(),
  }),
  readonly(),
);

const USER = pipe(
  object({
    user: string(),
    services: pipe(array(string()), readonly()),
    /** Unix milliseconds; null is never. */
    expires: nullable(amount),
    state: picklist(["open", "canary", "trap"]),
    /** Null if no port of this user has been used yet. */
    lastArrival: nullable(ARRIVAL),
  }),
  readonly(),
);

const SHARE = pipe(
  object({
    store: picklist(["up", "down", "absent"]),
    /** Since when, unix milliseconds. */
    since: amount,
    /** When all that the store had was known, unix milliseconds; null if it never was. */
    current: nullable(amount),
    members: count,
    /** Bans of other servers that run here. */
    running: count,
    published: count,
    applied: count,
    /** Lines that changed nothing, by the reason; without those of which there is none. */
    refused: pipe(record(string(), count), readonly()),
  }),
  readonly(),
);

const REPORT = pipe(
  object({
    pid: count,
    /** Unix milliseconds. */
    startedAt: amount,
    engine: picklist(ENGINE_NAMES),
    sshPort: count,
    /** The network in which the address moves as well, in CIDR notation; null without one. */
    door: nullable(string()),
    /** `LO-HI`. */
    range: string(),
    /** Seconds. */
    grace: amount,
    /** The windows that are in the kernel. */
    windows: pipe(array(WINDOW), readonly()),
    /** Who has ports. */
    users: pipe(array(USER), readonly()),
    /** Whether something goes wrong now and is tried again. */
    isFailing: boolean(),
    /** Connections the tarpit holds. */
    held: count,
    /** Connections the tarpit took. */
    tarpitConnections: count,
    hits: count,
    /** Bans earned at traps. */
    bans: count,
    /** Connections that were completed through ports which lead to a service. */
    arrivals: count,
    /** Logins through C3PO that sshd told of. */
    logins: count,
    /** Times that windows were loaded. */
    loads: count,
    repairs: count,
    lastRepair: nullable(REPAIR_EVENT),
    /** When the rules were tried last (`probe`); null if they were not. */
    lastProbe: nullable(PROBE_EVENT),
    /** Calls of tools that failed. */
    toolErrors: count,
    /** Seconds this clock is ahead of true time; null if unknown. */
    clockOffset: nullable(finite),
    /** How it stands with the fleet; null if no bans are shared. */
    share: nullable(SHARE),
    /** The latest bans, the newest first. */
    recent: pipe(array(BAN_EVENT), readonly()),
  }),
  readonly(),
);

/** What triggered a ban: the first packet to a trap, or a completed connection. */
export type Trigger = InferOutput<typeof TRIGGER>;

/** A ban by a trap. */
export type BanEvent = InferOutput<typeof BAN_EVENT>;

/** A user, and when one of their ports was used last. */
export type ReportedUser = InferOutput<typeof USER>;

/** How it stands with the fleet. */
export type ReportedShare = InferOutput<typeof SHARE>;

/** Something of ours that another tool took away, and that was put back. */
export type RepairEvent = InferOutput<typeof REPAIR_EVENT>;

/** A try of the rules with real connections. */
export type ProbeEvent = InferOutput<typeof PROBE_EVENT>;

/** What a running `serve` tells `c3po status`, in a file that only root may read. */
export type Report = InferOutput<typeof REPORT>;

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
    return readJson(REPORT, text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Malformed(`not a report of serve: ${error.message}`);
  }
}
