import { BanStore } from "../bans/ban_store.ts";
import type { Policy } from "../firewall/policy.ts";
import { formatDuration } from "../os/duration.ts";
import { eventLog } from "../os/event_log.ts";
import { openFilesLimit } from "../os/procfs.ts";
import { randomFraction } from "../os/secret.ts";
import { formatPortRange } from "../schedule/ports.ts";
import { openAt } from "../schedule/windows.ts";
import { ActivityMonitor } from "./activity.ts";
import { ArrivalObserver } from "./arrival_observer.ts";
import { BanKeeper } from "./ban_keeper.ts";
import { Banner } from "./banner.ts";
import { type Phases, trustAdministrator } from "./beginning.ts";
import { Canaries } from "./canaries.ts";
import { tellClock } from "./clock_note.ts";
import type { Configuration, Context } from "./context.ts";
import { checkDoor } from "./door.ts";
import { LoginObserver } from "./login_observer.ts";
import { endNetworkBans, NetworkBans } from "./network_bans.ts";
import { ObstacleMonitor } from "./obstacles.ts";
import { policyOf } from "./policy.ts";
import { Ports } from "./port_policy.ts";
import { Prober } from "./prober.ts";
import { Reconciler } from "./reconciler.ts";
import { RuleMonitor } from "./rule_monitor.ts";
import { watchCommands } from "./share/command_watch.ts";
import type { FleetShare } from "./share/fleet_share.ts";
import { openShare } from "./share/open_share.ts";
import { openMetrics, StatusPublisher } from "./status_publisher.ts";
import { refill, restore } from "./restore.ts";
import { Tarpit } from "./tarpit.ts";
import { roomFor, TARPIT, TARPIT_PORT } from "./tarpit_policy.ts";
import { type Pace, type Task, Ticker } from "./ticker.ts";
import { together } from "./together.ts";
import { UserDirectory } from "./user_directory.ts";
import { Voices } from "./voices.ts";
import { WindowLoader } from "./window_loader.ts";

/** How long it rests while something happens, and while nothing does. */
const PACE: Pace = { busyMs: 2000, quietMs: 10_000 };

const log = eventLog("serve");

/**
 * Serves one configuration until the signal is aborted. What is in the kernel is taken over from the one
 * before, and left there for the next.
 */
export async function runDaemon(
  configuration: Configuration,
  context: Context,
  phases: Phases,
  signal: AbortSignal,
): Promise<void> {
  const { config } = configuration;
  const { clock, firewall, service, counters, stateFolder, machine } = context;
  await using undo = new AsyncDisposableStack();
  const listener = machine.listen(TARPIT_PORT);
  undo.defer(() => listener.close());
  const metrics = openMetrics(config.metrics);
  undo.defer(async () => await metrics?.close());
  const canaries = undo.use(new Canaries(machine));
  const users = await UserDirectory.open({
    ...context,
    configuration,
    onPlan: ({ hasCanaries }) => {
      if (hasCanaries) canaries.open();
    },
    onChange: () => windows.replan(),
  });
  if (config.door !== undefined) {
    checkDoor(config.door, await machine.ipv6Network(), users.users);
  }
  const ports = new Ports({ ...machine, firewall, config, tarpitPort: listener.port });
  await ports.refresh();
  const { trial, hasBans } = await phases.before(ports, users.planner.range);
  const policy = (): Policy =>
    policyOf(config, listener.port, {
      isOnTrial: trial !== null && !trial.passed,
      canaryPort: canaries.port,
    });
  const store = await BanStore.load(stateFolder, config, clock.now());
  const keeper = new BanKeeper(
    config.trigger,
    store,
    firewall,
    counters,
    clock,
    config.networkBans === "on" ? new NetworkBans(store, machine) : null,
    (...seen) => share?.saw(...seen),
  );
  const obstacles = new ObstacleMonitor(firewall, policy);
  const monitor = new RuleMonitor({
    firewall,
    rulesChanged: () => {
      ports.rulesChanged();
      obstacles.rulesChanged();
    },
  }, clock);
  const reconciler = new Reconciler({
    firewall,
    monitor,
    counters,
    reload: () => windows.load(clock.now()),
    refill: async () => {
      await store.takePending(clock.now()); // the kernel may have lost what was just done by hand
      await refill(store, configuration, context);
      await firewall.ban(store.running(clock.now()));
      await share?.refill();
    },
    restored: () => prober.request(),
  }, clock);
  const prober = new Prober(
    () => machine.probe({ ...config, windows: () => windows.windows, firewall, clock }),
    counters,
  );
  const windows: WindowLoader = new WindowLoader({
    ...config,
    plan: (minute) => users.planner.plan(minute),
    ports,
    policy,
    counters,
    onChange: () => monitor.ownChange(),
  }, firewall);

  const share: FleetShare | null = await openShare(configuration, context, store, {
    users,
    onRevoke: () => ticker.poke(),
  });
  undo.defer(() => share?.close());

  const isKept = await firewall.adopt() || hasBans;
  await restore(store, firewall, isKept, clock.now());
  if (config.networkBans === "off") await endNetworkBans(store, firewall, clock.now());
  undo.defer(() => store.writeAll(() => keeper.saved(), clock.now()));
  for (const address of phases.trusted) await trustAdministrator(address, store, context);
  await refill(store, configuration, context);
  await windows.load(clock.now());
  await phases.loaded();
  await obstacles.run();

  const banner = new Banner(config.sshPort, config.services, machine);
  const voices = new Voices({
    banner,
    greeting: (service) => banner.greeting(service),
    doors: () => openAt(windows.windows, clock.now() / 1000).flatMap(({ doors }) => doors),
    random: randomFraction,
  });
  const tarpit = new Tarpit(
    { ...TARPIT, most: roomFor(await openFilesLimit()) },
    voices,
    clock,
  );
  const arrivals = await ArrivalObserver.open(
    stateFolder,
    () => windows.sinceLook,
    counters,
    clock,
  );
  undo.defer(() => arrivals.close());
  const logins = new LoginObserver(store, firewall, machine.logins(config), counters, clock);
  const activity = new ActivityMonitor(
    firewall,
    [(seen) => keeper.take(seen), (seen) => logins.take(arrivals.take(seen))],
    () => reconciler.damaged(),
    () => windows.looked(),
  );
  const publisher = new StatusPublisher({
    ...context,
    config,
    range: () => users.planner.range,
    metrics,
    windows,
    users: () => users.users,
    arrivals: arrivals.ledger,
    share: () => share?.state ?? null,
    held: () => tarpit.size,
    isFailing: (): boolean => ticker.isFailing,
  }, clock);
  undo.defer(() => publisher.close());
  const heartbeat: Task = {
    what: "notify the service manager",
    run: async (now) => {
      if (windows.isOpen(now)) await service.alive();
      return false;
    },
  };
  const restMs = service.patience === null ? PACE.quietMs : service.patience / 3;
  const ticker: Ticker = new Ticker(
    // Users, ports and rules first: what else fails must not keep them from coming back.
    [
      ...[monitor, users, windows, activity, reconciler, obstacles, keeper, logins, arrivals],
      ...share === null ? [] : [share],
      ...[publisher, heartbeat],
    ],
    { busyMs: Math.min(PACE.busyMs, restMs), quietMs: Math.min(PACE.quietMs, restMs) },
    clock,
  );
  await ticker.attempt(publisher); // before anyone is told that they may ask for it
  log.info("started", "started", {
    ssh_port: config.sshPort,
    users: users.users.length,
    range: formatPortRange(users.planner.range),
    traps: config.traps,
    grace: formatDuration(config.grace),
    firewall: firewall.engine,
    next: "log in with: c3po ssh HOST",
  });
  prober.request();
  phases.started();
  await service.ready();
  await service.status(
    `SSH port moves within ${formatPortRange(users.planner.range)}, ${config.traps} traps`,
  );
  await together(signal, [
    // Before the first look at the folder, so that no change falls between the two.
    (stop) => users.watch(() => ticker.poke(), stop),
    (stop) => ticker.run(stop),
    (stop) => monitor.watch(() => ticker.poke(), stop),
    (stop) => banner.run(clock, stop),
    ...(config.probe ? [(stop: AbortSignal) => prober.run(() => clock.now(), stop)] : []),
    () => tellClock(machine),
    () => machine.tellSaved(),
    (stop) =>
      tarpit.run(listener, () => {
        counters.tarpitConnection();
        ticker.poke();
      }, stop),
    ...(share === null ? [] : [
      (stop: AbortSignal) => share.serve(stop),
      (stop: AbortSignal) => watchCommands(store.files, machine, clock, () => ticker.poke(), stop),
    ]),
    (stop) => canaries.run(tarpit, () => ticker.poke(), stop),
    ...(trial === null ? [] : [async (stop: AbortSignal) => {
      await trial.run(stop);
      if (!stop.aborted && config.fail === "closed") await windows.load(clock.now());
    }]),
  ]);
  keeper.close();
}
