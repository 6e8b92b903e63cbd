// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * How long it takes from a touch of a trap of one server until the kernel of another has the ban, through a
 * real Redis with TLS and users (as root):
 *
 *     nice deno task fleet [TOUCHES]
 *
 * Two servers, the store and a scanner are network namespaces of this machine. The scanner connects to a trap
 * of the first server, each time from another address; a running ipset of the second is asked for that address
 * again and again. Prints one line; docs/FLEET.md has it.
 */
import { Fleet } from "../../tests/kernel/lab/fleet.ts";
import { Lab, roomInMinute, startSshd } from "../../tests/kernel/lab.ts";
import { fromFileUrl } from "@std/path";
import { summary } from "../side/harness/stats.ts";

const TOUCHER = fromFileUrl(new URL("./toucher.ts", import.meta.url));
const SET = "c3po-fleet4";
/** A touch that is not there by then is counted as lost, in milliseconds. */
const LOST_MS = 20_000;
const PAUSE_MS = 100;

const touches = Number(Deno.args[0] ?? 200);
await using lab = await Lab.create({ peers: ["other", "store", "scanner"] });
const [other, scanner] = [lab.peer("other"), lab.peer("scanner")];
await lab.addRange(scanner, "10.78.0.0/16");
await using fleet = await Fleet.create(lab.peer("store"), [lab.server, other]);
await Promise.all([startSshd(lab.server), startSshd(other)]);
const { serve } = await fleet.join(lab.server, { engine: "iptables" });
await fleet.join(other, { engine: "iptables" });

const toucher = scanner.spawn(
  Deno.execPath(),
  ["run", "--no-prompt", "-A", TOUCHER],
  { stdin: "piped" },
);
const asked = other.spawn("stdbuf", ["-oL", "ipset", "-"], { stdin: "piped" });
const times: number[] = [];
let lost = 0;
for (let i = 0; i < touches; i++) {
  await roomInMinute(5000);
  const source = `10.78.${1 + (i >> 7)}.${1 + (i & 127)}`;
  const trap = (await serve.ports()).traps[i % 15]!;
  const before = toucher.lines.length;
  await toucher.write(`${lab.server.address4} ${trap} ${source}\n`);
  const told = await toucher.waitForLine((line) => line.startsWith("touched "), undefined, before);
  const began = Number(told.split(" ")[2]);
  let isThere = false;
  while (!isThere && Date.now() - began < LOST_MS) {
    const seen = asked.lines.length;
    await asked.write(`test ${SET} ${source}\n`);
    const answer = await asked.waitForLine((line) => line.includes(" in set "), undefined, seen);
    isThere = !answer.includes("NOT");
  }
  if (isThere) times.push(Date.now() - began);
  else lost++;
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
const { median, p99, most, count } = summary(times);
const load = (await Deno.readTextFile("/proc/loadavg")).split(" ")[0];
console.log(
  `${count} touches: p50 ${median} ms, p99 ${Math.round(p99)} ms, most ${most} ms, ` +
    `lost ${lost}; load ${load}`,
);
Deno.exitCode = lost === 0 ? 0 : 1;
