import { getLogger } from "@logtape/logtape";
import type { Family } from "../core/address.ts";
import type { ServerConfig } from "../core/server_options.ts";
import { formatDuration } from "../core/duration.ts";
import { firstEntries, hideSeconds } from "../core/firewall/ipset.ts";
import { firewallPlan } from "../core/firewall/plan.ts";
import { plannedReferences } from "../core/firewall/references.ts";
import type { PortRules } from "../core/opening.ts";
import { formatPortRange } from "../core/ports.ts";
import type { Schedule } from "../core/schedule.ts";
import type { Tally } from "../core/tally.ts";
import { TARPIT_PORT } from "../core/tarpit.ts";
import type { Clock } from "../host/clock.ts";
import { listenAnywhere } from "../host/listener.ts";
import type { ServiceManager } from "../host/notify.ts";
import { SetSession } from "../host/set_session.ts";
import { Sockets } from "../host/sockets.ts";
import { Banner } from "./banner.ts";
import { tellClock } from "./clock_note.ts";
import { Defence } from "./defence.ts";
import { Guard } from "./guard.ts";
import { heartbeat } from "./heartbeat.ts";
import { Kernel } from "./kernel.ts";
import { openFigures, Publisher } from "./publish.ts";
import { Rotation } from "./rotation.ts";
import { RuleBook } from "./rule_book.ts";
import { Services } from "./services.ts";
import { together } from "./together.ts";
import type { Trial } from "./trial.ts";

const log = getLogger(["c3po", "serve"]);

/** A configuration, and the schedule of its key. */
export interface Orders {
  readonly config: ServerConfig;
  readonly schedule: Schedule;
}

/** What stays the same when the configuration changes. */
export interface Post {
  readonly clock: Clock;
  /** Where run-time files live. */
  readonly runtimeFolder: string;
  /** Where what outlives a restart is kept. */
  readonly stateFolder: string;
  readonly service: ServiceManager;
  readonly families: readonly Family[];
  readonly tally: Tally;
}

/** What the first watch does before the kernel is changed, and right after it was prepared. */
export interface Relief {
  /** Told of the kernel before anything in it is changed. */
  readonly before: (kernel: Kernel, services: Services) => Promise<Trial | null>;
  /** Told of the defence before any rule looks at its sets. */
  readonly after: (defence: Defence) => Promise<void>;
}

/**
 * Serves one configuration until the signal is aborted. What is in the kernel is taken over from the
 * watch before, and left there for the next.
 */
export async function keepWatch(
  { config, schedule }: Orders,
  post: Post,
  relief: Relief,
  signal: AbortSignal,
): Promise<void> {
  const { clock, service, families, tally } = post;
  await using undo = new AsyncDisposableStack();
  const sets = undo.use(new SetSession());
  const listener = listenAnywhere(TARPIT_PORT);
  undo.defer(() => listener.close());
  const book = new RuleBook();
  const sockets = new Sockets();
  const services = new Services({ config, tarpitPort: listener.port, families, book, sockets });
  const figures = openFigures(config.metrics);
  undo.defer(async () => await figures?.close());
  const plan = firewallPlan({ ...config, families, tarpitPort: listener.port });
  let trial: Trial | null = null;
  // While a configuration is on trial, a death opens plain SSH again, whatever else is set.
  const hideFor = (): number => hideSeconds(trial === null || trial.passed ? config.fail : "open");
  const kernel = new Kernel(plan, { port: config.sshPort, seconds: hideFor }, book, clock);
  const rules = (): Promise<PortRules> => services.rules();
  const rotation = new Rotation({ ...config, schedule, rules, tally }, kernel, clock);
  const banner = new Banner(config.sshPort);
  await banner.hear();

  await kernel.look();
  trial = await relief.before(kernel, services);
  await kernel.clearMisfits();
  const defence = await Defence.open({ ...post, config, sets, sockets, banner });
  undo.defer(() => defence.close());
  await relief.after(defence);
  await kernel.loadSets(firstEntries(config.allow, families));
  const opening = await rotation.open();
  await kernel.loadRules();
  await defence.begin();
  log.info("started", {
    ssh_port: config.sshPort,
    range: formatPortRange(schedule.range),
    traps: config.traps,
    grace: formatDuration(config.grace),
    families: families.map((family) => `IPv${family}`).join(","),
    next: "log in with: c3po ssh HOST",
  });
  const refill = async (): Promise<void> => {
    await kernel.loadSets("");
    await defence.refill();
  };
  const guard = new Guard(
    {
      kernel,
      sets,
      book,
      rotation,
      references: plannedReferences(plan),
      hiddenPort: config.sshPort,
      refill,
      touched: (ports) => defence.touched(ports),
      tally,
    },
    clock,
  );
  const publisher = new Publisher(
    { ...post, config, schedule, figures, defence, rotation },
    clock,
  );
  await service.ready();
  await service.status(`SSH port of the minute open, ${opening.traps.length} traps`);
  await together(signal, [
    (stop) => rotation.run(stop),
    (stop) => book.run(clock, stop),
    (stop) => guard.run(stop),
    (stop) => banner.run(clock, stop),
    () => tellClock(),
    (stop) => heartbeat(service, () => rotation.onTime(), clock, stop),
    ...defence.parts(listener),
    (stop) => publisher.run(stop),
    ...(trial === null ? [] : [(stop: AbortSignal) => trial!.run(stop)]),
  ]);
}
