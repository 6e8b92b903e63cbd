// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * What bans cost and how quickly they come, on the real kernel (as root):
 *
 *     nice deno task bans
 *
 * Writes bench/bans/results.json and prints a table.
 */

import { fromFileUrl, join } from "@std/path";
import { createSets } from "../../src/firewall/iptables/ipset_text.ts";
import { banSet } from "../../src/firewall/iptables/sets.ts";
import { TARPIT } from "../../src/server/tarpit_policy.ts";
import { Lab, startServe, startSshd, waitFor } from "../../tests/kernel/lab.ts";
import { TRAP, TRIPWIRE } from "../../tests/kernel/bans/tripwire.ts";
import { traps } from "./traps.ts";
import {
  banLines,
  cpuOf,
  FLOODER,
  keepKnocking,
  knock,
  memoryOf,
  program,
  round,
  setBytes,
  timed,
} from "./measure.ts";
import { quantile } from "../side/harness/stats.ts";

const SIZES = [0, 1000, 100_000, 1_000_000];
const MILLION = 1_000_000;
const IDLE_MS = 60_000;
/** As `ss -m` prints what a socket has received and not read, and what it has not sent. */
const SOCKET_MEMORY = /skmem:\(r(\d+),\S*?,t(\d+),/g;

const parts = { load, latency, shutOut, flood, restart, idle, tarpit, traps };
const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(parts);
const file = fromFileUrl(new URL("./results.json", import.meta.url));
const results = JSON.parse(await Deno.readTextFile(file).catch(() => "{}"));
for (const [name, part] of Object.entries(parts)) {
  if (!wanted.includes(name)) continue;
  results[name] = await part();
  console.log(name.padEnd(9), JSON.stringify(results[name]));
}
await Deno.writeTextFile(file, JSON.stringify(results, null, 2) + "\n");

/** A million bans into a new set, as `serve` and `ipset restore` load them; and what they take. */
async function load() {
  await using lab = await Lab.create({ peers: [] });
  const lines = createSets([banSet(4)]) + banLines("c3po-ban4", MILLION);
  const seconds: number[] = [];
  let megabytes = 0;
  for (let i = 0; i < 3; i++) {
    seconds.push(await timed(() => lab.server.must("ipset", ["restore"], { stdin: lines })) / 1000);
    megabytes = await setBytes(lab.server, "c3po-ban4") / 2 ** 20;
    await lab.server.must("ipset", ["destroy"]);
  }
  await lab.server.must("ipset", ["restore"], { stdin: createSets([banSet(4), banSet(6)]) });
  return { seconds: seconds.map((each) => round(each)), megabytes: round(megabytes) };
}

/** Connections of an innocent client, and one ban more, with sets of different sizes by turns. */
async function latency() {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  const other = await startSshd(server, { port: 8080 });
  await startServe(server, {
    engine: "iptables",
    args: [...TRIPWIRE, "--scope", "all"],
  });
  for (const size of SIZES) {
    const spare = { ...banSet(4), name: `spare-${size}` };
    const lines = createSets([spare]) + banLines(spare.name, size);
    await server.must("ipset", ["restore"], { stdin: lines });
  }
  const connects = new Map(SIZES.map((size) => [size, [] as number[]]));
  const adds = new Map(SIZES.map((size) => [size, [] as number[]]));
  for (let turn = 0; turn < 20; turn++) {
    for (const size of SIZES) {
      await server.must("ipset", ["swap", "c3po-ban4", `spare-${size}`]);
      const times = await knock<number[]>(user, "latency", server.address4, other.port, 60);
      connects.get(size)!.push(...times.slice(10)); // the first ones warm up
      const more = "for i in $(seq 20); do ipset add c3po-ban4 192.0.2.$i -exist; done";
      adds.get(size)!.push(await timed(() => server.must("sh", ["-c", more])) / 20);
      await server.must("ipset", ["swap", "c3po-ban4", `spare-${size}`]);
    }
  }
  return SIZES.map((bans) => ({
    bans,
    connectMs: round(quantile(connects.get(bans)!, 0.5), 3),
    connectMs95: round(quantile(connects.get(bans)!, 0.95), 3),
    banMoreMs: round(quantile(adds.get(bans)!, 0.5), 2),
  }));
}

/** From the first touch of a trap: packets that still reached sshd, and until when. */
async function shutOut() {
  const found: Record<string, unknown> = {};
  for (const trigger of ["syn", "handshake"]) {
    await using lab = await Lab.create({ peers: Array.from({ length: 10 }, (_, i) => `a${i}`) });
    const { server } = lab;
    await startSshd(server);
    const serve = await startServe(server, {
      engine: "iptables",
      args: [...TRIPWIRE, "--trigger", trigger],
    });
    await server.must("iptables", [
      "-t",
      "mangle",
      "-I",
      "INPUT",
      "-p",
      "tcp",
      "--dport",
      "22",
      "--syn",
    ]);
    const last: (number | null)[] = [];
    for (let i = 0; i < 10; i++) {
      const { ssh } = await serve.ports(0);
      const race = ["race", server.address4, TRAP, ssh, 200];
      last.push(await knock<number | null>(lab.peer(`a${i}`), ...race));
    }
    const rule = await server.must("iptables", ["-t", "mangle", "-vnxL", "INPUT"]);
    const packets = Number(/^ *(\d+) +\d+ .* dpt:22 /m.exec(rule)![1]);
    const late = last.filter((each) => each !== null);
    found[trigger] = {
      packets,
      attackers: last.length,
      medianMs: late.length === 0 ? 0 : round(quantile(late, 0.5), 1),
      mostMs: round(Math.max(0, ...late), 1),
    };
  }
  return found;
}

/** A hundred thousand sources within seconds: what it costs the daemon. */
async function flood() {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  const serve = await startServe(server, { engine: "iptables", args: TRIPWIRE });
  await lab.addRange(attacker, "10.128.0.0/9");
  const pid = String(serve.child.pid);
  const before = await memoryOf(pid);
  const start = await cpuOf(pid);
  const args = program(FLOODER, [server.address4, TRAP, "10.130.0.0", 100_000]);
  const seconds = await timed(() => attacker.must(Deno.execPath(), args)) / 1000;
  await drained(() => server.must("ipset", ["list", "-terse", "c3po-hit4"]));
  const after = await memoryOf(pid);
  const end = await cpuOf(pid);
  const cpuMs = end.own + end.children - start.own - start.children;
  return { seconds: round(seconds), cpuMs, before, after };
}

async function drained(list: () => Promise<string>): Promise<void> {
  const what = "end of reading who touched traps";
  await waitFor(async () => / entries: 0$/m.test(await list()), { deadlineMs: 20_000, what });
}

/** A start that restores a million bans, and a stop that saves them. */
async function restart() {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  await startSshd(server);
  let serve = await startServe(server, { engine: "iptables", args: TRIPWIRE });
  await server.must("ipset", ["restore"], { stdin: banLines("c3po-ban4", MILLION) });
  const stop = await timed(() => serve.stop()) / 1000;
  const { size } = await Deno.stat(join(server.stateDirectory, "bans"));
  const start =
    await timed(async () =>
      serve = await startServe(server, { engine: "iptables", args: TRIPWIRE })
    ) / 1000;
  const memory = await memoryOf(String(serve.child.pid));
  return {
    stopSeconds: round(stop),
    startSeconds: round(start),
    fileMegabytes: round(size / 2 ** 20, 1),
    memory,
  };
}

/** A minute in which nothing happens but the change of ports. */
async function idle() {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine: "iptables" });
  const pid = String(serve.child.pid);
  await new Promise((resolve) => setTimeout(resolve, 15_000)); // the start is not idle
  const start = await cpuOf(pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const end = await cpuOf(pid);
  const [own, children] = [end.own - start.own, end.children - start.children];
  const percent = (own + children) / IDLE_MS * 100;
  return {
    percentOfACore: round(percent, 3),
    ownMs: own,
    childrenMs: children,
    memory: await memoryOf(pid),
  };
}

/** As many guests as the tarpit holds, each talking as much as it may without being let go. */
async function tarpit() {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const { server, attacker } = lab;
  await startSshd(server);
  const serve = await startServe(server, {
    engine: "iptables",
    args: [...TRIPWIRE, "--allow", attacker.address4],
  });
  const pid = String(serve.child.pid);
  const before = await memoryOf(pid);
  const knocks = ["crowd", server.address4, TRAP, TARPIT.most, TARPIT.reads - 1];
  const crowd = keepKnocking(attacker, ...knocks);
  let received = 0;
  let sent = 0;
  let held = 0;
  const isIn = (): boolean => crowd.lines.some(({ text }) => text === "all in");
  for (let quiet = 0; quiet < 20; quiet += isIn() ? 1 : 0) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const filter = ["state", "established", "sport", "=", ":61023"];
    const sockets = [...(await server.must("ss", ["-Htnm", ...filter])).matchAll(SOCKET_MEMORY)];
    held = sockets.length;
    received = Math.max(received, ...sockets.map(([, bytes]) => Number(bytes)));
    sent = Math.max(sent, ...sockets.map(([, , bytes]) => Number(bytes)));
  }
  const after = await memoryOf(pid);
  return {
    held,
    receivedKilobytes: round(received / 1024, 1),
    sentKilobytes: round(sent / 1024, 1),
    daemonKilobytesEach: round((after.own - before.own) * 1024 / held, 1),
    before,
    after,
  };
}
