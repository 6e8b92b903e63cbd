import type { BanStore } from "../bans/ban_store.ts";
import { forgivenBy } from "../bans/pending_commands.ts";
import type { Ban, Firewall } from "../firewall/firewall.ts";
import { eventLog } from "../os/event_log.ts";
import type { Configuration, Context } from "./context.ts";
import { trustOf } from "./login_observer.ts";

/** Bans are restored so many at a time. */
const BATCH = 10_000;

const log = eventLog("serve");

/** Brings back what an earlier run had banned, unless the kernel still has it. */
export async function restore(
  store: BanStore,
  firewall: Firewall,
  isKept: boolean,
  now: number,
): Promise<void> {
  const isForgiven = forgivenBy(await store.takePending(now));
  if (isKept) return;
  // What was banned since the bans were saved last, by hand or not, is known without them.
  const unsaved = new Map(store.running(now).map((ban) => [ban.address.text, ban]));
  let count = 0;
  for await (const saved of store.files.readBans(now)) {
    for (const { address } of saved) unsaved.delete(address.text);
    count += await restoreBans(saved.filter(({ address }) => !isForgiven(address.text)), firewall);
  }
  count += await restoreBans([...unsaved.values()], firewall);
  if (count > 0) log.info("bans_restored", "restored saved bans", { count });
}

/** @returns how many of them are in the kernel now */
async function restoreBans(bans: readonly Ban[], firewall: Firewall): Promise<number> {
  let count = 0;
  for (let at = 0; at < bans.length; at += BATCH) {
    const batch = bans.slice(at, at + BATCH);
    const refusals = await firewall.ban(batch);
    count += batch.length - refusals.length;
    for (const { address, reason } of refusals) {
      log.warn("ban_refused", "the kernel refused a saved ban", {
        address: address.text,
        reason,
      });
    }
  }
  return count;
}

/** Tells the kernel whom it is to trust and to allow: exactly those, and no one of an earlier configuration. */
export async function refill(
  store: BanStore,
  { config }: Configuration,
  { firewall, clock }: Context,
): Promise<void> {
  const now = clock.now();
  await firewall.distrustAll();
  await firewall.trust(trustOf(store.trusted.list(now), now));
  const wanted = new Map([...config.allow, ...store.allowed].map((each) => [each.text, each]));
  const stale = (await firewall.allowed()).filter(({ text }) => !wanted.has(text));
  await firewall.disallow(stale);
  const refusals = await firewall.allow([...wanted.values()]);
  for (const [reason, those] of Map.groupBy(refusals, (each) => each.reason)) {
    log.error("allow_refused", "the kernel refused allow list entries", {
      address: those[0]!.address.text,
      reason,
      count: those.length,
    });
  }
}
