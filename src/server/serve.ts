import { type Takeover, takeOver } from "./takeover.ts";
import { createFirewall } from "../firewall/engines.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { parseAddress } from "../os/address.ts";
import type { AdminSession } from "../os/admin_session.ts";
import type { Clock } from "../os/clock.ts";
import { C3poError, RolledBack } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import { lockServe } from "../os/lock.ts";
import type { ServiceManager } from "../os/notify.ts";
import { HANDOVER } from "../os/signals.ts";
import type { PortRange } from "../schedule/ports.ts";
import { useLightTimers } from "../os/timer.ts";
import type { Configuration, Context } from "./context.ts";
import { Counters } from "./counters.ts";
import type { Phases } from "./beginning.ts";
import { runDaemon } from "./daemon.ts";
import { leave } from "./leave.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { refuseShutWay } from "./obstacles.ts";
import { policyOf } from "./policy.ts";
import type { Ports } from "./port_policy.ts";
import { TARPIT_PORT } from "./tarpit_policy.ts";
import { Trial } from "./trial.ts";
import { checkWayIn } from "./way_in.ts";

/** After a failure, until everything is put in place again. */
const RETRY_MS = 5000;

const log = eventLog("serve");

/** What `serve` needs. */
export interface ServeOptions {
  readonly configuration: Configuration;
  /** Reads the configuration again. */
  readonly reread: () => Promise<Configuration>;
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
  /** Aborted when `serve` has to stop; the reason is the name of the signal. */
  readonly end: AbortSignal;
  /** A signal that is aborted by the next request to read the configuration again. */
  reload(): AbortSignal;
}

/**
 * Opens the ports of each minute, springs the traps and keeps the bans, until the end is asked for;
 * then removes every trace, but for what keeps ports closed that fail closed, unless the next start is
 * to take over. A start that fails half-way removes what it did. When the configuration is read again,
 * ports, bans and rules stay until those of the new one take their place.
 */
export async function serve(options: ServeOptions, requests: Requests): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const lock = await lockServe();
  undo.defer(() => lock.release());
  useLightTimers(); // what it listens on keeps the process
  const engine = options.configuration.config.firewall;
  const firewall = undo.use(await createFirewall(engine, options.clock));
  await serveWith(firewall, thisMachine, options, requests);
}

/** The same with a packet filter and a machine of one's own. */
export async function serveWith(
  firewall: Firewall,
  machine: Machine,
  options: ServeOptions,
  requests: Requests,
): Promise<void> {
  const { clock, service } = options;
  await using undo = new AsyncDisposableStack();
  let { configuration } = options;
  await tellExamination(firewall);
  const context: Context = {
    ...options,
    firewall,
    counters: new Counters(clock.now()),
    machine,
  };
  let trial: Trial | null = null;
  /** The last configuration with which everything was in place. */
  let served: Configuration | null = null;
  let isChanged = false;
  let takeover: Takeover | null = null;
  const isHandedOver = (): boolean => requests.end.reason === HANDOVER;
  undo.defer(async () => {
    if (isHandedOver()) return; // a trial goes on as well
    const isProved = trial === null || trial.passed;
    if (isChanged) await leave(firewall, isProved && served !== null ? served.config : null);
    // Not reached if something could not be removed: then the watchdog tries as well.
    await trial?.end();
  });
  // Before that, so that the service manager does not kill us while we wait for another tool's lock.
  undo.defer(() => service.stopping());
  let phases: Phases = {
    before: async (ports, range) => {
      trial = await beginTrial(options, firewall, machine, ports, range);
      isChanged = true;
      takeover = await takeOver(firewall, machine, clock);
      return { trial, hasBans: takeover.hasBans };
    },
    loaded: async () => await takeover?.end(),
    started: () => served = configuration,
    trusted: options.admin === null ? [] : [parseAddress(options.admin.address)],
  };
  while (!requests.end.aborted) {
    const reload = requests.reload();
    try {
      await runDaemon(configuration, context, phases, AbortSignal.any([requests.end, reload]));
      if (requests.end.aborted) break;
      await service.reloading();
      configuration = await renewed(configuration, options.reread);
    } catch (error) {
      if (served === null || !(error instanceof C3poError) || error instanceof RolledBack) {
        throw error;
      }
      if (configuration === served) await waitAfter(error, clock, requests.end);
      else tellKept(error);
      configuration = served;
    }
    phases = {
      ...phases,
      before: () => Promise.resolve({ trial, hasBans: false }),
      loaded: () => Promise.resolve(),
      trusted: [],
    };
  }
  if (isHandedOver()) {
    log.info("handed_over", "stopped, the kernel keeps the loaded windows until the next start");
  } else log.info("stopped", "stopped", { signal: String(requests.end.reason) });
}

async function tellExamination(firewall: Firewall): Promise<void> {
  const { limitations } = await firewall.examine();
  for (const { what, remedy } of limitations) {
    log.warn("firewall_limited", what, { next: remedy });
  }
}

/** The administrator must be able to log in again; a trial begins before anything is changed. */
async function beginTrial(
  { configuration: { config }, admin, force, service, clock }: ServeOptions,
  firewall: Firewall,
  machine: Machine,
  ports: Ports,
  range: PortRange,
): Promise<Trial | null> {
  checkWayIn(config, range, await machine.listeners(), ports.taken, admin, force);
  if (config.try === undefined) {
    if (!force) await refuseShutWay(firewall, policyOf(config, TARPIT_PORT));
    return null;
  }
  return await Trial.begin(config.try, config.sshPort, service.isThere, clock);
}

/** The new configuration; the old one, with a word why, if there is something wrong with the new. */
async function renewed(
  old: Configuration,
  reread: () => Promise<Configuration>,
): Promise<Configuration> {
  try {
    const configuration = await reread();
    if (configuration.config.firewall !== old.config.firewall) {
      log.warn("restart_needed", "changing the firewall engine needs a restart", {
        next: "systemctl restart c3po",
      });
    }
    log.info("reloaded", "configuration reloaded");
    return configuration;
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    tellKept(error);
    return old;
  }
}

function tellKept(error: C3poError): void {
  log.error("reload_failed", "cannot load the new configuration, keeping the old one", {
    error: error.message,
  });
}

/** What has served goes on to: the kernel has its windows, and what fails now may pass. */
async function waitAfter(error: C3poError, clock: Clock, end: AbortSignal): Promise<void> {
  log.error("serve_failed", "cannot go on serving, will retry", { error: error.message });
  await clock.sleep(RETRY_MS, end);
}
