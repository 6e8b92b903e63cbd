// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * What a server of 1, 30 and 300 users costs: CPU time and memory while nothing happens, and how long it
 * takes to renew the windows of the next ten minutes.
 *
 *     sudo deno task bench:doors [--users=1,30,300] [MINUTES] [ENGINE…]
 *
 * Prints a table in Markdown. The machine has to be quiet: above a load of 1 the figures are those of what
 * else runs, and it says so. A renewal takes place every five minutes, so with fewer minutes than that the CPU
 * time is that of a server that rests.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import type { EngineName } from "../../src/firewall/firewall.ts";
import type { Key } from "../../src/schedule/key.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { type MinutePlan, type Window, windowsOf } from "../../src/schedule/windows.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import type { User } from "../../src/users/registry.ts";
import { errorOf, RemoteFirewall } from "../../tests/firewall/contract/remote_firewall.ts";
import { Wire } from "../../tests/firewall/contract/wire.ts";
import { Lab, type Namespace, startServe, startSshd } from "../../tests/kernel/lab.ts";
import { CpuMeter, memoryOf } from "../side/harness/meter.ts";
import { summary } from "../side/harness/stats.ts";
import { megabytes, number, spread, table } from "../side/text.ts";
import { makeUsers, writeUsers } from "./users.ts";

const TRAPS = 15;
const AHEAD_MINUTES = 10;
const RENEWALS = 11;
/** V8 tidies up half a minute after a start. */
const SETTLE_MS = 40_000;
/** Load of the last minute above which the figures are not worth keeping. */
const QUIET = 1;
const AGENT = fromFileUrl(new URL("../../tests/firewall/contract/agent.ts", import.meta.url));

const { _: [minutes = 5, ...named], users: counts } = parseArgs(Deno.args, {
  string: ["users"],
  default: { users: "1,30,300" },
});
const engines = (named.length > 0 ? named : ["iptables", "nftables"]) as EngineName[];
const [load] = Deno.loadavg();
const rows: string[][] = [];
for (const engine of engines) {
  for (const count of counts.split(",")) {
    rows.push([engine, count, ...await measure(engine, Number(count))]);
  }
}
const head = [
  "engine",
  "users",
  "CPU, ms a minute",
  "resident, MB",
  "itself, MB",
  "planned, ms",
  "loaded, ms",
];
console.log(table(head, rows));
const busy = Math.max(load!, Deno.loadavg()[0]!);
if (busy > QUIET) {
  console.error(`the machine was busy (load ${number(busy)}): do not keep these figures`);
}

async function measure(engine: EngineName, count: number): Promise<string[]> {
  await using lab = await Lab.create({ peers: ["resting", "renewing"] });
  const users = makeUsers(count);
  const [planned, loaded] = await renewals(lab.peer("renewing"), engine, users);
  const idle = await resting(lab.peer("resting"), engine, users);
  return [...idle, spread(summary(planned!)), spread(summary(loaded!))];
}

/** How long windows take to be computed, and to be loaded in place of those of the minute before. */
async function renewals(
  machine: Namespace,
  engine: EngineName,
  users: readonly User[],
): Promise<[planned: number[], loaded: number[]]> {
  const command = [Deno.execPath(), "run", "--no-prompt", "-A", AGENT, engine];
  await using wire = new Wire(machine.netns, command, () => {}, errorOf);
  const firewall = new RemoteFirewall(engine, wire);
  const services = [{ name: "ssh", port: 22, hidden: true, fail: "open" }] as const;
  const [planned, loaded]: [number[], number[]] = [[], []];
  const minute = minuteAt(Date.now());
  for (let i = 0; i <= RENEWALS; i++) {
    let began = performance.now();
    // Half of the windows are new each time, as when they are half used up.
    const windows = await plan(users, minute + i * AHEAD_MINUTES / 2);
    planned.push(performance.now() - began);
    began = performance.now();
    if (i > 0) await firewall.open(windows);
    else {
      const policy = {
        trigger: "syn",
        scope: "ssh",
        banSeconds: 900,
        openFirewall: false,
        shares: false,
      } as const;
      await firewall.load({ ...policy, services, tarpitPort: 61_023 }, windows);
    }
    loaded.push(performance.now() - began);
  }
  await firewall.remove();
  return [planned.slice(1), loaded.slice(1)];
}

async function plan(users: readonly User[], first: number): Promise<readonly Window[]> {
  const trapKey: Key = { kind: "random", bytes: crypto.getRandomValues(new Uint8Array(32)) };
  const demand = { users, services: [], traps: TRAPS };
  const planner = await PortPlanner.of(demand, () => Promise.resolve(trapKey));
  const plans: MinutePlan[] = [];
  for (let i = -3; i <= AHEAD_MINUTES + 1; i++) plans.push(await planner.plan(first + i));
  const none = new Set<number>();
  return windowsOf(plans, { grace: 15, taken: none, occupied: none, tripwires: [], own: none })
    .windows;
}

/** CPU time and memory of a `serve` that rests. */
async function resting(
  machine: Namespace,
  engine: EngineName,
  users: readonly User[],
): Promise<string[]> {
  await startSshd(machine);
  const folder = await writeUsers(machine, users);
  const filter = engine === "memory" ? {} : { engine };
  const serve = await startServe(machine, { ...filter, args: ["--users", folder] });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await using meter = await CpuMeter.on(serve.child.pid);
  const { mean } = await meter.minute(Number(minutes));
  const { residentKb, itselfKb } = await memoryOf(serve.child.pid);
  await serve.stop();
  return [number(mean), megabytes(residentKb), megabytes(itselfKb)];
}
