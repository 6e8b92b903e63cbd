import { getLogger } from "@logtape/logtape";
import { FAMILIES, type Family } from "../core/address.ts";
import type { ServerConfig } from "../core/config.ts";
import { formatDuration } from "../core/duration.ts";
import { firstEntries, hideSeconds } from "../core/firewall/ipset.ts";
import { firewallPlan } from "../core/firewall/plan.ts";
import type { PortRules } from "../core/opening.ts";
import { formatPortRange } from "../core/ports.ts";
import type { Schedule } from "../core/schedule.ts";
import { forwardedPorts } from "../core/sockets.ts";
import { DEFAULT_BANNER, TARPIT_PORT } from "../core/tarpit.ts";
import type { Clock } from "../host/clock.ts";
import { saveRules } from "../host/iptables.ts";
import { bannerOf, listenAnywhere } from "../host/listener.ts";
import { lockServe } from "../host/lock.ts";
import type { ServiceManager } from "../host/notify.ts";
import { hasIpv6, listeningPorts } from "../host/procfs.ts";
import { Defence } from "./defence.ts";
import { heartbeat } from "./heartbeat.ts";
import { type Hiding, Kernel } from "./kernel.ts";
import { Rotation } from "./rotation.ts";

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
}

/**
 * Opens the ports of each minute, springs the traps and keeps the bans, until the signal is
 * aborted; then removes every trace. A start that fails half-way removes what it did.
 */
export async function serve(serving: Serving, signal: AbortSignal): Promise<void> {
  const { config, schedule, clock, service } = serving;
  await using undo = new AsyncDisposableStack();
  const lock = await lockServe(serving.runtimeFolder);
  undo.defer(() => lock.release());
  const listener = listenAnywhere(TARPIT_PORT);
  undo.defer(() => listener.close());
  const families = await familiesHere();
  const plan = firewallPlan({ ...config, families, tarpitPort: listener.port });
  const kernel = new Kernel(plan, hiding(config), clock);
  const rotation = new Rotation(
    {
      schedule,
      traps: config.traps,
      grace: config.grace,
      rules: () => portRules(config, listener.port, families),
    },
    kernel,
    clock,
  );
  const banner = await bannerToShow(config.sshPort);

  await kernel.look();
  undo.defer(() => kernel.remove());
  const defence = await Defence.open({ ...serving, families, banner });
  undo.defer(() => defence.close());
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
  await service.ready();
  await service.status(`${opening.traps.length} traps, SSH port of the minute open`);
  await together(signal, [
    (stop) => rotation.run(stop),
    ...defence.parts(listener),
    (stop) => heartbeat(service, () => rotation.onTime(), clock, stop),
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

function hiding(config: ServerConfig): Hiding {
  return { port: config.sshPort, seconds: hideSeconds(config.fail) };
}

async function familiesHere(): Promise<readonly Family[]> {
  if (await hasIpv6()) return FAMILIES;
  log.warn("this machine has no IPv6, so only IPv4 is served");
  return [4];
}

async function portRules(
  config: ServerConfig,
  tarpitPort: number,
  families: readonly Family[],
): Promise<PortRules> {
  const [listening, ...forwarded] = await Promise.all([
    listeningPorts(),
    ...families.map(async (family) => forwardedPorts(await saveRules(family))),
  ]);
  return {
    grace: config.grace,
    taken: new Set([
      ...config.exclude,
      ...[listening, ...forwarded].flatMap((ports) => [...ports]),
    ]),
    tripwires: config.tripwire,
    own: new Set([config.sshPort, tarpitPort]),
  };
}
