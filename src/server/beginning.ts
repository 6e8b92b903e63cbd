import type { BanStore } from "../bans/ban_store.ts";
import { type Address, parseBanned } from "../os/address.ts";
import { eventLog } from "../os/event_log.ts";
import type { PortRange } from "../schedule/ports.ts";
import type { Context } from "./context.ts";
import type { Ports } from "./port_policy.ts";
import type { Trial } from "./trial.ts";

const log = eventLog("serve");

/** What a start began with. */
export interface Beginning {
  /** The trial, if there is one. */
  readonly trial: Trial | null;
  /** Whether the bans of a run with another engine were taken over: they are newer than the saved ones. */
  readonly hasBans: boolean;
}

/** What the first configuration does beside what every one does. */
export interface Phases {
  /** Called before anything in the kernel is changed. @param range holds every port that is opened */
  readonly before: (ports: Ports, range: PortRange) => Promise<Beginning>;
  /** Called once rules and windows are in place. */
  readonly loaded: () => Promise<void>;
  /** Called once everything is in place. */
  readonly started: () => void;
  /** Addresses that are trusted in any case: that of the administrator who starts `serve`. */
  readonly trusted: readonly Address[];
}

/** The SSH client that starts `serve` has logged in: it is trusted, and a ban is lifted. */
export async function trustAdministrator(
  address: Address,
  store: BanStore,
  { firewall, clock }: Context,
): Promise<void> {
  const unit = parseBanned(address.text);
  store.trusted.add(unit, clock.now());
  store.changed(clock.now());
  await firewall.unban([unit]);
  log.info("trusted", "trusting the SSH client that started serve", { address: address.text });
}
