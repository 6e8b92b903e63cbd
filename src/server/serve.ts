import { getLogger } from "@logtape/logtape";
import { FAMILIES, type Family } from "../core/address.ts";
import type { ServerConfig } from "../core/config.ts";
import { formatDuration } from "../core/duration.ts";
import { firstEntries, hideSeconds } from "../core/firewall/ipset.ts";
import { firewallPlan } from "../core/firewall/plan.ts";
import type { PortRules } from "../core/opening.ts";
import { formatPortRange } from "../core/ports.ts";
import type { Schedule } from "../core/schedule.ts";
import { DEFAULT_BANNER, TARPIT_PORT } from "../core/tarpit.ts";
import type { AdminSession } from "../host/admin.ts";
import type { Clock } from "../host/clock.ts";
import { hasIptables } from "../host/iptables.ts";
import { bannerOf, listenAnywhere } from "../host/listener.ts";
import { lockServe } from "../host/lock.ts";
import type { ServiceManager } from "../host/notify.ts";
import { hasIpv6 } from "../host/procfs.ts";
import { tellClock } from "./clock_note.ts";
import { Defence } from "./defence.ts";
import { Guard } from "./guard.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Hiding, Kernel } from "./kernel.ts";
import { Rotation } from "./rotation.ts";
import { Services } from "./services.ts";
import { Trial } from "./trial.ts";
import { checkWayIn } from "./welcome.ts";

const log = getLogger(["c3po", "serve"]);

/** What `serve` needs beside its configuration. */
export interface Serving {
  readonly config: ServerConfig;
  readonly schedule: Schedule;
  readonly clock: Clock;
  /** Where run-time files live. */
  readonly runtimeFolder: string;
  /** Where what outlives a restart is kept. */
  readonly stateFolder: string;
  /** Who started this, and waits for it to be ready. */
  readonly service: ServiceManager;
  /** The SSH session it is started from, if any. */
  readonly admin: AdminSession | null;
  /** Start even where that shuts out the one who starts it. */
  readonly force: boolean;
}

/**
 * Opens the ports of each minute, springs the traps and keeps the bans, until the signal is
 * aborted; then removes every trace. A start that fails half-way removes what it did.
 */
export async function serve(serving: Serving, signal: AbortSignal): Promise<void> {
  const { config, schedule, clock, service, admin } = serving;
  await using undo = new AsyncDisposableStack();
  const lock = await lockServe(serving.runtimeFolder);
  undo.defer(() => lock.release());
  const listener = listenAnywhere(TARPIT_PORT);
  undo.defer(() => listener.close());
  const families = await familiesHere();
  const services = new Services(config, listener.port, families);
  await checkWayIn(config, schedule.range, await services.taken(), admin, serving.force);
  const trial = config.try === undefined
    ? null
    : await Trial.begin(config.try, config.sshPort, clock);
  const plan = firewallPlan({ ...config, families, tarpitPort: listener.port });
  const kernel = new Kernel(plan, hiding(config, trial), clock);
  const rules = (): Promise<PortRules> => services.rules();
  const rotation = new Rotation({ ...config, schedule, rules }, kernel, clock);
  const banner = await bannerToShow(config.sshPort);

  await kernel.look();
  undo.defer(async () => {
    await kernel.remove();
    // Not reached if something could not be removed: then the guardian tries as well.
    await trial?.end();
  });
  await kernel.clearMisfits();
  const defence = await Defence.open({ ...serving, families, banner });
  undo.defer(() => defence.close());
  if (admin !== null) await defence.welcome(admin.address);
  await kernel.loadSets(firstEntries(config.allow, families));
  const opening = await rotation.open();
  await kernel.loadRules();
  log.info("started", {
    ssh_port: config.sshPort,
    range: formatPortRange(schedule.range),
    traps: opening.traps.length,
    grace: formatDuration(config.grace),
    families: families.map((family) => `IPv${family}`).join(","),
    next: "log in with: c3po ssh HOST",
  });
  const refill = async (): Promise<void> => {
    await kernel.loadSets(firstEntries(config.allow, families));
    await defence.refill();
  };
  const guard = new Guard({ kernel, rotation, hiddenPort: config.sshPort, refill }, clock);
  await service.ready();
  await service.status(`${opening.traps.length} traps, SSH port of the minute open`);
  await together(signal, [
    (stop) => rotation.run(stop),
    (stop) => guard.run(stop),
    () => tellClock(),
    (stop) => heartbeat(service, () => rotation.onTime(), clock, stop),
    ...defence.parts(listener),
    ...(trial === null ? [] : [(stop: AbortSignal) => trial.run(stop)]),
  ]).finally(() => service.stopping());
  log.info("stopped", { signal: String(signal.reason) });
}

/** Runs the parts of the daemon until the signal is aborted; the fall of one stops the others. */
async function together(
  signal: AbortSignal,
  parts: readonly ((stop: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const fallen = new AbortController();
  const stop = AbortSignal.any([signal, fallen.signal]);
  const ends = await Promise.allSettled(parts.map((part) =>
    part(stop).catch((error) => {
      fallen.abort();
      throw error;
    })
  ));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

async function bannerToShow(sshPort: number): Promise<string> {
  const banner = await bannerOf(sshPort);
  if (banner === null) log.warn("no sshd answers, the ports will lead nowhere", { port: sshPort });
  return banner ?? DEFAULT_BANNER;
}

/** While the configuration is on trial, a death opens plain SSH again, whatever else is set. */
function hiding(config: ServerConfig, trial: Trial | null): Hiding {
  const seconds = (): number => hideSeconds(trial === null || trial.passed ? config.fail : "open");
  return { port: config.sshPort, seconds };
}

async function familiesHere(): Promise<readonly Family[]> {
  if (!await hasIpv6()) {
    log.warn("this machine has no IPv6, so only IPv4 is served");
    return [4];
  }
  if (await hasIptables(6)) return FAMILIES;
  log.warn("there is no ip6tables, so only IPv4 is served: over IPv6 sshd answers as ever", {
    next: "install ip6tables, or have sshd listen on IPv4 alone (ListenAddress 0.0.0.0)",
  });
  return [4];
}
