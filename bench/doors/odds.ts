// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * The odds of a scan measured on a real server of many users: `c3po serve` and its kernel rules in one network
 * namespace, and in another many addresses, each of which tries ports in an order of its own until one answers:
 *
 *     sudo C3PO_BIN=PROGRAM deno run -A bench/doors/odds.ts [ADDRESSES] [USERS] [SEED]
 *
 * An address that is not banned afterwards has met a service: so the kernel decides, and not the schedule.
 * Prints a table in Markdown. With `--grace 15s` the moments in which two minutes overlap have a row of their own.
 */
import { fromFileUrl } from "@std/path";
import { minuteAt } from "../../src/schedule/minute.ts";
import { isReal } from "../../src/schedule/odds.ts";
import { formatPortRange, sizeOf } from "../../src/schedule/ports.ts";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { minutesBeside, openAt, type Window, windowsOf } from "../../src/schedule/windows.ts";
import { findTrapKey } from "../../src/server/trap_key.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import { loadUsers } from "../../src/users/registry.ts";
import {
  ENGINES,
  type Filter,
  Lab,
  type Namespace,
  startServe,
  startSshd,
  untilMinute,
} from "../../tests/kernel/lab.ts";
import { firstIsReal } from "../odds/formulas.ts";
import { NOTHING_ELSE } from "../odds/minutes.ts";
import type { Sweeps, Touch } from "../odds/sweeper.ts";
import { number, table } from "../side/text.ts";
import { makeUsers, writeUsers } from "./users.ts";

const TRAPS = 15;
/** The default range but for the tarpit's port, which does not answer like a closed one. */
const RANGE = { low: 1024, high: 60_999 };
const SWEEPER = fromFileUrl(new URL("../odds/sweeper.ts", import.meta.url));

/** Windows that were computed, by their minute. */
const known = new WeakMap<PortPlanner, Map<number, Promise<readonly Window[]>>>();

const [addresses = "2000", users = "100", seed = "2007"] = Deno.args;
const load = Deno.loadavg()[0]!;
const rows: string[][] = [];
for (const engine of ENGINES) {
  for (const grace of [0, 15]) {
    const measured = await sweeps(engine, grace);
    for (const cells of measured) console.error(cells.join("; "));
    rows.push(...measured);
  }
}
const head = [
  "engine, grace",
  "addresses",
  "met a service",
  "on paper, ± a standard error",
  "probes",
];
console.log(table(head, rows));
const real = Number(users);
const formula = percent(firstIsReal(sizeOf(RANGE), real, TRAPS * real));
console.log(`formula, s = ${real}, ${TRAPS} traps for each: ${formula}`);
console.log(`load ${number(load)} at the start, ${number(Deno.loadavg()[0]!)} at the end`);

/** What one address met, and what it could have met. */
interface Met {
  readonly service: boolean;
  /** Chance to meet a service first, of the windows that were open. */
  readonly chance: number;
  /** How many windows were open. */
  readonly open: number;
  readonly probes: number;
}

async function sweeps(engine: Filter, grace: number): Promise<string[][]> {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  await lab.addRange(attacker, "10.78.0.0/16");
  const key = `${randomKey()}?ports=${formatPortRange(RANGE)}`;
  // The server's own key is that of one user more.
  const folder = await writeUsers(server, makeUsers(Number(users) - 1, RANGE));
  const args = ["--users", folder, "--grace", `${grace}s`];
  const serve = await startServe(server, { engine, key, args });
  const task: Sweeps = {
    target: server.address4,
    low: RANGE.low,
    size: sizeOf(RANGE),
    sources: Array.from({ length: Number(addresses) }, (_, i) => `10.78.${i >> 8}.${i & 255}`),
    seed: Number(seed) + grace * Number(addresses), // other orders than without grace
  };
  await untilMinute(-20_000); // so that moments with and without grace come up
  const words = ["run", "--no-prompt", "-A", SWEEPER];
  const stdout = await attacker.must(Deno.execPath(), words, { stdin: JSON.stringify(task) });
  const banned = new Set(await bansOf(server));
  const planner = await plannerOf(server, folder, key);
  const met = await Promise.all(
    stdout.trim().split("\n").map(async (line): Promise<Met> => {
      const { source, at, probes }: Touch = JSON.parse(line);
      const open = openAt(await windowsAround(planner, minuteAt(at), grace), at / 1000);
      const services = new Set(
        open.flatMap(({ doors }) => doors.filter(isReal).map(({ port }) => port)),
      );
      const traps = new Set(open.flatMap((each) => each.traps));
      const chance = services.size / (services.size + traps.size);
      return { service: !banned.has(source), chance, open: open.length, probes };
    }),
  );
  await serve.stop();
  const name = `${engine}, ${grace} s`;
  if (grace === 0) return [row(name, met)];
  return [
    row(name, met),
    row(`${name}: one minute open`, met.filter(({ open }) => open === 1)),
    row(`${name}: two minutes open`, met.filter(({ open }) => open === 2)),
  ];
}

/** The addresses that the kernel bans. */
async function bansOf(server: Namespace): Promise<string[]> {
  const { stdout } = await server.c3po(["ban", "list", "--json"]);
  return JSON.parse(stdout).map(({ address }: { address: string }) => address);
}

/** The ports of the server's users and traps, as it computes them itself. */
async function plannerOf(server: Namespace, folder: string, key: string): Promise<PortPlanner> {
  const own = { key: parseKey(key), source: "" };
  const { users } = await loadUsers(folder, own);
  return await PortPlanner.of(
    { users, services: [], traps: TRAPS },
    async () => (await findTrapKey(server.stateDirectory))!,
  );
}

/** The windows of a minute and those beside it. */
function windowsAround(
  planner: PortPlanner,
  minute: number,
  grace: number,
): Promise<readonly Window[]> {
  const ofPlanner = known.get(planner) ?? new Map<number, Promise<readonly Window[]>>();
  known.set(planner, ofPlanner);
  const found = ofPlanner.get(minute);
  if (found !== undefined) return found;
  const beside = 2 * minutesBeside(grace);
  const plans = Array.from(
    { length: 2 * beside + 1 },
    (_, i) => planner.plan(minute - beside + i),
  );
  const made = Promise.all(plans).then((all) => windowsOf(all, { ...NOTHING_ELSE, grace }).windows);
  ofPlanner.set(minute, made);
  return made;
}

function row(name: string, met: readonly Met[]): string[] {
  const count = met.length;
  const services = met.filter(({ service }) => service).length;
  let chance = 0, variance = 0, probes = 0;
  for (const each of met) {
    chance += each.chance;
    variance += each.chance * (1 - each.chance);
    probes += each.probes;
  }
  return [
    name,
    number(count),
    `${services}, ${percent(services / count)}`,
    `${percent(chance / count)} ± ${percent(Math.sqrt(variance) / count)}`,
    number(probes),
  ];
}

function randomKey(): string {
  return formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
}

function percent(chance: number): string {
  return `${(chance * 100).toFixed(2)} %`;
}
