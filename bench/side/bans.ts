/** How many bans? */
import { fromFileUrl, join } from "@std/path";
import { Lab, type Namespace, startSshd } from "../../tests/kernel/lab.ts";
import { environment, startC3po } from "./harness/c3po.ts";
import { progress } from "./harness/progress.ts";
import { pinned, takeConnections } from "./harness/taker.ts";
import { ratios, type Summary, summary } from "./harness/stats.ts";

const IN_TURN = fromFileUrl(new URL("./programs/in_turn.ts", import.meta.url));
/** So many connections of somebody who is not banned, to each in turn. */
const ROUNDS = 4000;
/** Of so many the medians are compared. */
const BLOCK = 200;
/** Where the client and where all servers run, for which of them share one is a matter of chance. */
const CLIENT_CPU = 0, SERVER_CPU = 1;
const ADDS = 20;
/** So many rules take the tools gigabytes and minutes; what a hundred thousand cost says enough. */
const MOST_RULES = 100_000;

export interface Effort {
  readonly sizes: readonly number[];
}

/** What so many bans cost in one way. */
export interface Bans {
  readonly name: string;
  readonly bans: number;
  readonly refused?: string;
  /** Seconds to load them at once. */
  readonly loadSeconds?: number;
  /** Milliseconds for one more, by a command. */
  readonly oneMoreMs?: Summary;
  /** Milliseconds of a connection of somebody who is not banned. */
  readonly connectMs?: Summary;
  /** By how many percent that is more than where the same way holds no bans, at the same time. */
  readonly morePercent?: Summary;
}

/** One way to keep bans in the kernel. */
interface Store {
  readonly name: string;
  prepare(machine: Namespace): Promise<void>;
  load(machine: Namespace, addresses: readonly string[]): Promise<void>;
  /** A shell command that adds `$1`. */
  readonly one: string;
  readonly most?: number;
}

const STORES: readonly Store[] = [
  {
    name: "no bans",
    prepare: () => Promise.resolve(),
    load: () => Promise.resolve(),
    one: "true",
  },
  {
    name: "ipset, as C3PO has it",
    prepare: async (machine) => {
      await machine.must("ipset", [
        ...["create", "bans", "hash:ip", "maxelem", "1048576", "hashsize", "524288"],
        ...["timeout", "0", "forceadd"],
      ]);
      const rule = ["INPUT", "-m", "set", "--match-set", "bans", "src", "-j", "DROP"];
      await machine.must("iptables", ["-A", ...rule]);
    },
    load: (machine, addresses) =>
      stdin(machine, "ipset restore", addresses.map((each) => `add bans ${each} timeout 86400`)),
    one: 'ipset add bans "$1"',
  },
  {
    name: "nft set",
    prepare: (machine) =>
      stdin(machine, "nft -f -", [
        "add table ip t",
        "add set ip t bans { type ipv4_addr; flags timeout; }",
        "add chain ip t in { type filter hook input priority 0; }",
        "add rule ip t in ip saddr @bans drop",
      ]),
    load: (machine, addresses) =>
      stdin(machine, "nft -f -", [
        `add element ip t bans { ${addresses.map((each) => `${each} timeout 1d`).join(", ")} }`,
      ]),
    one: 'nft add element ip t bans { "$1" timeout 1d }',
  },
  {
    name: "iptables rules",
    prepare: () => Promise.resolve(),
    load: (machine, addresses) =>
      stdin(machine, "iptables-restore", [
        "*filter",
        ...addresses.map((each) => `-A INPUT -s ${each} -j DROP`),
        "COMMIT",
      ]),
    one: 'iptables -A INPUT -s "$1" -j DROP',
    most: MOST_RULES,
  },
];

export async function bans({ sizes }: Effort): Promise<{ stores: Bans[]; serve: Restart[] }> {
  const stores: Bans[] = [];
  for (const size of sizes) stores.push(...await storesWith(size));
  const serve: Restart[] = [];
  for (const size of sizes) serve.push(await restart(size));
  return { stores, serve };
}

async function storesWith(size: number): Promise<Bans[]> {
  const names = STORES.map((_, i) => `m${i}`);
  const emptyNames = STORES.map((_, i) => `e${i}`);
  await using lab = await Lab.create({ peers: ["user", ...names, ...emptyNames] });
  const list = addresses(size);
  const found: (Bans & { machine?: Namespace; empty?: Namespace })[] = [];
  for (const [i, store] of STORES.entries()) {
    const { name } = store;
    progress(`bans: ${size}, ${name}`);
    if (size > (store.most ?? size)) {
      found.push({ name, bans: size, refused: "not tried: see the row above for its pace" });
      continue;
    }
    const machine = lab.peer(names[i]!), empty = lab.peer(emptyNames[i]!);
    try {
      for (const each of [machine, empty]) {
        await takeConnections(each, 8080, SERVER_CPU);
        await store.prepare(each);
      }
      const began = performance.now();
      await store.load(machine, list);
      const loadSeconds = (performance.now() - began) / 1000;
      const oneMoreMs = summary(await oneMore(machine, store.one));
      found.push({ name, bans: size, machine, empty, loadSeconds, oneMoreMs });
    } catch (error) {
      found.push({ name, bans: size, refused: String(error).split("\n")[0]!.slice(0, 200) });
    }
  }
  const there = found.flatMap(({ machine, empty }) => machine && empty ? [machine, empty] : []);
  const times = new Map((await connections(lab.user, there)).map((ms, i) => [there[i]!, ms]));
  return found.map(({ machine, empty, ...rest }) => {
    if (machine === undefined || empty === undefined) return rest;
    const ms = times.get(machine)!;
    return { ...rest, connectMs: summary(ms), morePercent: ratios(ms, times.get(empty)!, BLOCK) };
  });
}

/** Milliseconds of connections to each of some machines, in turn. */
async function connections(from: Namespace, to: readonly Namespace[]): Promise<number[][]> {
  const words = ["8080", String(ROUNDS), ...to.map(({ address4 }) => address4)];
  const program = [Deno.execPath(), "run", "--quiet", "-A", IN_TURN, ...words];
  const [command, ...args] = pinned(CLIENT_CPU, program);
  return JSON.parse(await from.must(command, args));
}

/** The shell's own loop, so that only the tool is measured; a shell's `true` costs nothing. */
async function oneMore(machine: Namespace, command: string): Promise<number[]> {
  const script = `for i in $(seq ${ADDS}); do set -- 192.0.2.$i; a=$EPOCHREALTIME; ${command}; ` +
    "b=$EPOCHREALTIME; echo $a $b; done";
  const text = await machine.must("bash", ["-c", script]);
  return text.trim().split("\n").map((line) => {
    const [a, b] = line.split(" ").map(Number);
    return (b! - a!) * 1000;
  });
}

/** A stop of `serve` with so many bans, and the start that takes them up again. */
export interface Restart {
  readonly bans: number;
  readonly stopSeconds: number;
  readonly startSeconds: number;
}

async function restart(size: number): Promise<Restart> {
  progress(`bans: ${size}, restart of serve`);
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  await startSshd(server);
  let serve = await startC3po(server);
  const lines = addresses(size).map((each) => `add c3po-ban4 ${each} timeout 86400`);
  await stdin(server, "ipset restore", lines);
  const stopSeconds = await seconds(() => serve.stop());
  const startSeconds = await seconds(async () => serve = await startC3po(server));
  return { bans: size, stopSeconds, startSeconds };
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return (performance.now() - began) / 1000;
}

/** From 20.0.0.0 on. */
function addresses(count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `${20 + (i >> 24)}.${i >> 16 & 255}.${i >> 8 & 255}.${i & 255}`,
  );
}

/** By a file: what is measured is the tool, not the pipe. */
async function stdin(machine: Namespace, command: string, lines: string[]): Promise<void> {
  const file = join(machine.directory, "stdin");
  await Deno.writeTextFile(file, lines.join("\n") + "\n");
  await machine.must("sh", ["-c", `${command} <"$1"`, "sh", file], { env: environment(machine) });
}
