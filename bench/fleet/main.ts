// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * How long it takes from an attack on one server until the kernel of another has the ban, with C3PO and
 * the ways that people have today, in one run (as root):
 *
 *     nice deno task fleet [TOUCHES] [--every=5] [--alone]
 *
 * TOUCHES is how many rounds there are. A turn of CrowdSec takes ten seconds on average, so it has one in
 * each fifth round, or as `--every` says; with `--alone` C3PO alone is measured.
 *
 * Two servers, the store and a scanner are network namespaces of this machine. In each round each way has
 * an attacker with an address of its own; a running ipset of the second server is asked for that address
 * again and again. Prints one line for each way; docs/FLEET.md has them.
 */
import { parseArgs } from "@std/cli/parse-args";
import { Fleet } from "../../tests/kernel/lab/fleet.ts";
import { Lab } from "../../tests/kernel/lab.ts";
import { startC3po } from "./c3po.ts";
import { inTurn, line } from "./in_turn.ts";
import { crowdsec } from "./peers/crowdsec.ts";
import { fail2ban } from "./peers/fail2ban.ts";
import { type Machines, missingPackages } from "./way.ts";

const { _: [touches = 200], ...options } = parseArgs(Deno.args, {
  string: ["every"],
  boolean: ["alone"],
  default: { every: "5" },
});
await using lab = await Lab.create({ peers: ["other", "store"] });
// The reaper of the laboratory removes its folder however this ends, also by Ctrl-C, and with it whatever
// is temporary from here on.
Deno.env.set("TMPDIR", lab.directory);
const [attacked, other, store] = [lab.server, lab.peer("other"), lab.peer("store")];
await using fleet = await Fleet.create(store, [attacked, other]);
const machines: Machines = { attacked, other, store, redis: fleet.redis };

const ways = [await startC3po(lab, fleet, machines)];
const absent: string[] = [];
for (const peer of options.alone ? [] : [fail2ban, crowdsec]) {
  const packages = await missingPackages(peer);
  if (packages.length === 0) ways.push(await peer.start(machines));
  else absent.push(`${peer.name}: not on this machine (apt-get install ${packages.join(" ")})`);
}
const asked = other.spawn("stdbuf", ["-oL", "ipset", "-"], { stdin: "piped" });
const measured = await inTurn(ways, {
  rounds: Number(touches),
  every: Number(options.every),
  asked,
});
for (const text of [...measured.map(line), ...absent]) console.log(text);
Deno.exitCode = measured[0]!.lost === 0 ? 0 : 1;
