import { decodeBase64Url } from "@std/encoding/base64url";
import { Malformed } from "../os/errors.ts";
import { checkName } from "../schedule/derivation.ts";

/** The most bytes that a line takes. */
export const LONGEST_LINE = 512;

/** What a reported address did: completed a connection to a trap, sent a SYN to one, or was banned by hand. */
export type Evidence = "confirmed" | "syn" | "hand";

/** What a line says. Addresses are as they were written; whether they can be banned is judged later. */
export type Statement =
  | {
    readonly verb: "ban";
    readonly address: string;
    /** For how long, in seconds, as the sender has it. */
    readonly seconds: number;
    readonly evidence: Evidence;
    /** How many bans the address has earned at the sender. */
    readonly offences: number;
  }
  | { readonly verb: "forgive"; readonly address: string }
  | { readonly verb: "order"; readonly order: Order };

/** What only the administrator of the fleet may say. */
export type Order =
  | { readonly do: "ban"; readonly address: string; readonly seconds: number }
  | { readonly do: "forgive"; readonly address: string }
  | { readonly do: "forgive all" }
  | { readonly do: "allow"; readonly network: string; readonly seconds: number }
  | { readonly do: "expel"; readonly member: string }
  /** @property fingerprint of the user's key on the server that has it */
  | { readonly do: "revoke"; readonly fingerprint: string };

/** A line before it is signed. */
export interface Unsigned {
  /** Who says it: the id of a host, or {@linkcode ADMIN}. */
  readonly member: string;
  /** Grows with each line of a member, below 2^53. */
  readonly seq: number;
  /** When the sender wrote it by its own clock, unix seconds; for people only. */
  readonly time: number;
  readonly statement: Statement;
}

/** A line as it was received. */
export interface FleetLine extends Unsigned {
  /** What was signed: all before the last space. */
  readonly signed: string;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The name by which the administrator of a fleet signs. */
export const ADMIN = "admin";

const LABEL = "c3po-fleet-1";
/** A ban cannot be longer than what a kernel's set takes: seven digits. */
const SECONDS = /^[1-9]\d{0,6}$/;
const COUNT = /^(?:0|[1-9]\d{0,6})$/;
const SEQ = /^(?:0|[1-9]\d{0,15})$/;
const TIME = /^(?:0|[1-9]\d{0,11})$/;
const ADDRESS = /^[0-9a-f.:/]{2,43}$/;
const FINGERPRINT = /^[0-9a-f]{8}$/;
const SIGNATURE = /^[A-Za-z0-9_-]{85}[AQgw]$/;
const EVIDENCE: readonly string[] = ["confirmed", "syn", "hand"];

/**
 * Writes what a member signs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const statement = { verb: "forgive", address: "203.0.113.7" } as const;
 * assertEquals(
 *   formatUnsigned({ member: "web1", seq: 1, time: 1795334400, statement }),
 *   "c3po-fleet-1 web1 1 1795334400 forgive 203.0.113.7",
 * );
 * ```
 */
export function formatUnsigned({ member, seq, time, statement }: Unsigned): string {
  return [LABEL, member, seq, time, ...words(statement)].join(" ");
}

/**
 * Reads a line of a fleet. Who sent it and whether it may say that is not known before its signature was
 * verified.
 *
 * @throws {Malformed} for anything else: other fields, other spaces, other characters, more bytes
 */
export function parseFleetLine(text: string): FleetLine {
  if (text.length > LONGEST_LINE || !/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)) {
    throw new Malformed("not a line of a fleet");
  }
  const [label, member, seq, time, verb, ...rest] = text.split(" ");
  const signature = rest.pop();
  if (
    label !== LABEL || member === undefined || !SEQ.test(seq ?? "") || !TIME.test(time ?? "") ||
    !SIGNATURE.test(signature ?? "")
  ) throw new Malformed("not a line of a fleet");
  const number = Number(seq);
  if (!Number.isSafeInteger(number)) throw new Malformed("the number of the line is too large");
  checkName("member", member);
  return {
    member,
    seq: number,
    time: Number(time),
    statement: readStatement(verb, rest),
    signed: text.slice(0, text.lastIndexOf(" ")),
    signature: decodeBase64Url(signature!),
  };
}

function words(statement: Statement): readonly (string | number)[] {
  if (statement.verb === "ban") {
    const { address, seconds, evidence, offences } = statement;
    return ["ban", address, seconds, evidence, offences];
  }
  if (statement.verb === "forgive") return ["forgive", statement.address];
  const { order } = statement;
  switch (order.do) {
    case "ban":
      return ["order", "ban", order.address, order.seconds];
    case "forgive":
      return ["order", "forgive", order.address];
    case "forgive all":
      return ["order", "forgive", "all"];
    case "allow":
      return ["order", "allow", order.network, order.seconds];
    case "expel":
      return ["order", "expel", order.member];
    case "revoke":
      return ["order", "revoke", "user", order.fingerprint];
  }
}

function readStatement(verb: string | undefined, args: readonly string[]): Statement {
  const [address = "", seconds = "", evidence = "", offences = ""] = args;
  if (
    verb === "ban" && args.length === 4 && ADDRESS.test(address) && SECONDS.test(seconds) &&
    EVIDENCE.includes(evidence) && COUNT.test(offences)
  ) {
    return {
      verb,
      address,
      seconds: Number(seconds),
      evidence: evidence as Evidence,
      offences: Number(offences),
    };
  }
  if (verb === "forgive" && args.length === 1 && ADDRESS.test(address)) return { verb, address };
  if (verb === "order") return { verb, order: readOrder(args) };
  throw new Malformed("not a statement of a fleet");
}

function readOrder([what, object = "", third = "", ...more]: readonly string[]): Order {
  const count = more.length > 0 ? 4 : third !== "" ? 3 : object !== "" ? 2 : 1;
  if (count === 3 && ADDRESS.test(object) && SECONDS.test(third)) {
    if (what === "ban") return { do: what, address: object, seconds: Number(third) };
    if (what === "allow") return { do: what, network: object, seconds: Number(third) };
  }
  if (count === 3 && what === "revoke" && object === "user" && FINGERPRINT.test(third)) {
    return { do: what, fingerprint: third };
  }
  if (count === 2) {
    if (what === "forgive" && object === "all") return { do: "forgive all" };
    if (what === "forgive" && ADDRESS.test(object)) return { do: what, address: object };
    if (what === "expel") {
      checkName("member", object);
      return { do: what, member: object };
    }
  }
  throw new Malformed("not an order of a fleet");
}
