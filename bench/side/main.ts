/**
 * Measures C3PO beside its peers, in one run: `sudo bench/run.sh [--quick] [QUESTION…]`, which gets
 * everything that is needed and then starts this. Raw results go to `bench/side/results/`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { Lab, must } from "../../tests/kernel/lab.ts";
import { bans } from "./bans.ts";
import { change } from "./change.ts";
import { cost } from "./cost.ts";
import { flood } from "./flood.ts";
import { machine } from "./harness/machine.ts";
import { progress } from "./harness/progress.ts";
import { login } from "./login.ts";
import { scan } from "./scan.ts";
import { small } from "./small.ts";

/** Each question with a full and a quick effort. */
const QUESTIONS: Readonly<Record<string, (quick: boolean) => Promise<unknown>>> = {
  small: (quick) => small({ rounds: quick ? 3 : 40 }),
  login: (quick) => login({ rounds: quick ? 2 : 25 }),
  cost: (quick) =>
    cost(quick ? { minutes: 1, starts: 1, settle: 1000 } : { minutes: 4, starts: 5 }),
  change: (quick) => change(quick ? { changes: 1, rounds: 3 } : { changes: 13, rounds: 50 }),
  scan: (quick) => scan({ reactions: quick ? 1 : 3 }),
  flood: (quick) =>
    flood({ sources: quick ? 2000 : 100_000, connections: 500, logins: quick ? 3 : 20 }),
  bans: (quick) => bans({ sizes: quick ? [1000] : [10_000, 100_000, 1_000_000] }),
};

const args = parseArgs(Deno.args, { boolean: ["quick"], string: ["out", "_"] });
const out = args.out ?? "bench/side/results";
await Deno.mkdir(out, { recursive: true });
await usable();
let failed = false;
for (const [name, question] of Object.entries(QUESTIONS)) {
  if (args._.length > 0 && !args._.includes(name)) continue;
  const on = await machine();
  const began = performance.now();
  let found: unknown;
  try {
    found = await question(args.quick);
  } catch (error) {
    progress(`${name} failed: ${error}`);
    failed = true;
    continue;
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  const command = `sudo bench/run.sh ${args.quick ? "--quick " : ""}${name}`;
  const text = JSON.stringify({ command, seconds, machine: on, found }, shortened, 1);
  await Deno.writeTextFile(`${out}/${name}.json`, `${text}\n`);
  progress(`${name} took ${seconds} s`);
}
Deno.exit(failed ? 1 : 0);

/** Makes sure that rules and sets can be used before time is spent. */
async function usable(): Promise<void> {
  await using lab = await Lab.create({ peers: [] });
  await lab.server.must("ipset", ["list", "-name"]);
  await lab.server.must("iptables", ["-S"]);
  await must("tcpdump", ["--version"]);
}

/** No measurement here is good to a thousandth of its unit. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}
