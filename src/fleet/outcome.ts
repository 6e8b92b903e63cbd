import type { Address } from "../os/address.ts";
import type { Allowance } from "./allowances.ts";
import type { SharedBan } from "./running_bans.ts";

/** Why a line changes nothing, in the order in which that is found out. */
export const REFUSALS = [
  /** It is too long, or not a line. */
  "form",
  /** Its sender is not in the list of members. */
  "member",
  /** Its sender was expelled. */
  "expelled",
  /** Its signature is not that of its sender. */
  "signature",
  /** Its number is not above the last one of its sender. */
  "replay",
  /** This server sent it. */
  "own",
  /** Only the administrator may say that. */
  "order",
  /** What it names is not one IPv4 address or one IPv6 /64 of the internet, or too wide a network to allow. */
  "address",
  /** The address is allowed here, */
  "allowed",
  /** has logged in here, */
  "trusted",
  /** has a session here, */
  "session",
  /** or was forgiven here a while ago. */
  "forgiven",
  /** It is over. */
  "expired",
  /** Its sender has reported too many. */
  "budget",
  /** There is no room for more of its kind. */
  "full",
  /** This server does not apply reports of its kind. */
  "unwanted",
] as const;
export type RefusalReason = (typeof REFUSALS)[number];

/** What a receiver does. */
export type Outcome =
  | { readonly do: "ban" } & SharedBan
  | { readonly do: "forgive"; readonly addresses: readonly Address[]; readonly member: string }
  | { readonly do: "allow" } & Allowance
  /** The key with this fingerprint opens nothing here any more, if a user of this server has it. */
  | { readonly do: "revoke"; readonly fingerprint: string }
  /** More members have to report the same, or the ban is there already. */
  | { readonly do: "nothing" }
  | { readonly do: "refuse"; readonly reason: RefusalReason; readonly member: string | null };

/** Why an address is not banned by what others report. */
export type Sparing = Extract<RefusalReason, "allowed" | "trusted" | "session" | "forgiven">;

/** A line changes nothing, for a reason. @param member who sent it; null if that is not known */
export function refusal(reason: RefusalReason, member: string | null): Outcome {
  return { do: "refuse", reason, member };
}
