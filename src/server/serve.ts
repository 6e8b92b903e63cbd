import { getLogger } from "@logtape/logtape";
import { FAMILIES, type Family } from "../core/address.ts";
import { C3poError } from "../core/errors.ts";
import { Tally } from "../core/tally.ts";
import type { AdminSession } from "../host/admin.ts";
import type { Clock } from "../host/clock.ts";
import { hasIptables } from "../host/iptables.ts";
import { lockServe } from "../host/lock.ts";
import type { ServiceManager } from "../host/notify.ts";
import { hasIpv6 } from "../host/procfs.ts";
import { beThrifty } from "../host/timer.ts";
import type { Defence } from "./defence.ts";
import type { Kernel } from "./kernel.ts";
import type { Services } from "./services.ts";
import { Trial } from "./trial.ts";
import { keepWatch, type Orders, type Relief } from "./watch.ts";
import { checkWayIn } from "./welcome.ts";

const log = getLogger(["c3po", "serve"]);

/** What `serve` needs. */
export interface Serving {
  readonly orders: Orders;
  /** Reads the configuration again. */
  readonly reread: () => Promise<Orders>;
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

/** What a daemon is asked for from outside. */
export interface Requests {
  /** Aborted when it shall end; the reason is the name of the signal. */
  readonly end: AbortSignal;
  /** A signal that is aborted by the next request to read the configuration again. */
  reload(): AbortSignal;
}

/**
 * Opens the ports of each minute, springs the traps and keeps the bans, until the end is asked for;
 * then removes every trace. A start that fails half-way removes what it did. When the configuration
 * is read again, ports, bans and rules stay until those of the new one take their place.
 */
export async function serve(serving: Serving, requests: Requests): Promise<void> {
  const { clock, service } = serving;
  await using undo = new AsyncDisposableStack();
  const lock = await lockServe(serving.runtimeFolder);
  undo.defer(() => lock.release());
  beThrifty(); // what it listens on keeps the process
  const post = { ...serving, families: await familiesHere(), tally: new Tally(clock.now()) };
  let orders = serving.orders;
  let inCharge: Kernel | null = null;
  let trial: Trial | null = null;
  undo.defer(async () => {
    await inCharge?.remove();
    // Not reached if something could not be removed: then the guardian tries as well.
    await trial?.end();
  });
  // Before that: nobody shall take us for stuck, and kill us, while we wait for another tool's lock.
  undo.defer(() => service.stopping());
  const first: Relief = {
    before: async (kernel, services) => {
      trial = await beginTrial(serving, services, clock);
      inCharge = kernel;
      return trial;
    },
    after: async (defence: Defence) => {
      if (serving.admin !== null) await defence.welcome(serving.admin.address);
    },
  };
  const later: Relief = {
    before: (kernel) => {
      inCharge = kernel;
      return Promise.resolve(trial);
    },
    after: () => Promise.resolve(),
  };
  for (let relief = first; !requests.end.aborted; relief = later) {
    const reload = requests.reload();
    await keepWatch(orders, post, relief, AbortSignal.any([requests.end, reload]));
    if (requests.end.aborted) break;
    await service.reloading();
    orders = await renewed(orders, serving.reread);
  }
  log.info("stopped", { signal: String(requests.end.reason) });
}

/** Whoever starts this must be able to come back; a trial begins before anything is changed. */
async function beginTrial(
  { orders: { config, schedule }, admin, force, service }: Serving,
  services: Services,
  clock: Clock,
): Promise<Trial | null> {
  await checkWayIn(config, schedule.range, await services.taken(), admin, force);
  if (config.try === undefined) return null;
  return await Trial.begin(config.try, config.sshPort, service.isThere, clock);
}

/** The new orders; the old ones, with a word why, if there is something wrong with the new. */
async function renewed(old: Orders, reread: () => Promise<Orders>): Promise<Orders> {
  try {
    const orders = await reread();
    log.info("the configuration was read again");
    return orders;
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    log.error("the new configuration cannot be used, the old one stays", { error: error.message });
    return old;
  }
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
