// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * The odds measured once with the real thing: `c3po serve` and its kernel rules in a namespace of
 * their own, and an attacker in another (as root):
 *
 *     deno task odds:kernel [--addresses N] [--seed N]
 */

import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { minuteAt } from "../../src/core/minute.ts";
import { openingAt } from "../../src/core/opening.ts";
import { parseKey } from "../../src/core/key.ts";
import { Schedule } from "../../src/core/schedule.ts";
import {
  Lab,
  nmapScan,
  probe,
  startServe,
  startSshd,
  untilMinute,
} from "../../tests/kernel/lab.ts";
import type { Sweeps, Touch } from "./sweeper.ts";

const TRAPS = 15;
/** The smallest range: a scan of it is quick, and the odds do not depend on it. */
const RANGE = { low: 1024, high: 2047 };
const SWEEPER = fromFileUrl(new URL("./sweeper.ts", import.meta.url));

const args = parseArgs(Deno.args, {
  string: ["addresses", "seed"],
  default: { addresses: "4000", seed: "2007" },
});
for (const grace of [0, 15]) await sweeps(grace, Number(args.addresses), Number(args.seed));
for (const options of [[], ["--trigger", "handshake"], ["--grace", "0"], ["--scope", "all"]]) {
  await scout(options);
}

/** Many addresses, each of which scans until something answers: how many met sshd. */
async function sweeps(grace: number, addresses: number, seed: number): Promise<void> {
  await using lab = await Lab.create({ peers: ["attacker"] });
  await startSshd(lab.server);
  await lab.addRange(lab.attacker, "10.78.0.0/16");
  const range = `${RANGE.low}-${RANGE.high}`;
  const serve = await startServe(lab.server, ["--ports", range, "--grace", `${grace}s`]);
  const task: Sweeps = {
    target: lab.server.address4,
    low: RANGE.low,
    size: RANGE.high - RANGE.low + 1,
    sources: Array.from({ length: addresses }, (_, i) => `10.78.${i >> 8}.${i & 255}`),
    seed: seed + grace * addresses, // other orders than without grace
  };
  await untilMinute(-25_000); // so that moments with and without grace come up
  const stdout = await lab.attacker.must(
    Deno.execPath(),
    ["run", "--no-prompt", "-A", SWEEPER],
    { stdin: JSON.stringify(task) },
  );
  const touches = stdout.trim().split("\n").map((line): Touch => JSON.parse(line));
  const schedule = await Schedule.of(parseKey(await Deno.readTextFile(serve.keyFile)), RANGE);
  let met = 0, expected = 0, variance = 0, probes = 0;
  for (const touch of touches) {
    const ssh = await sshPortsAt(schedule, touch.at, grace);
    if (ssh.includes(touch.port)) met++;
    const odds = ssh.length / (TRAPS + ssh.length);
    expected += odds;
    variance += odds * (1 - odds);
    probes += touch.probes;
  }
  console.log(
    `sweeps, grace ${grace} s: ${met} of ${touches.length} addresses met sshd first, ` +
      `${percent(met / touches.length)}; on paper ${percent(expected / touches.length)} ± ` +
      `${percent(Math.sqrt(variance) / touches.length)} (one standard error); ` +
      `${probes} connections tried`,
  );
}

/** SSH ports open at a moment, in unix milliseconds. */
async function sshPortsAt(schedule: Schedule, at: number, grace: number): Promise<number[]> {
  const minute = minuteAt(at);
  const ports = {
    previous: await schedule.ports(minute - 1, TRAPS),
    current: await schedule.ports(minute, TRAPS),
    next: await schedule.ports(minute + 1, TRAPS),
  };
  const rules = { grace, taken: new Set<number>(), tripwires: [], own: new Set<number>() };
  return openingAt(at, ports, rules).ssh.map(({ port }) => port);
}

/**
 * An address, banned by default, that maps all ports twice within a minute, before and after the next SSH port opens,
 * and an accomplice that connects to what is new.
 */
async function scout(options: string[]): Promise<void> {
  await using lab = await Lab.create({ peers: ["scout", "accomplice"] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, options);
  const scout = lab.peer("scout");
  // Not refused: open, or met with silence.
  const map = async () =>
    [...await nmapScan(scout, lab.server.address4, { ports: "1024-65535" })]
      .filter(([, answer]) => answer !== "closed").map(([port]) => port);
  await untilMinute(20_000);
  await map(); // by its first trap it is banned, unless only a handshake bans
  const before = new Set(await map());
  await untilMinute(-13_000);
  const fresh = (await map()).filter((port) => !before.has(port));
  const next = await serve.schedule.ports(minuteAt(Date.now()) + 1, TRAPS);
  const [guess] = fresh;
  const answer = guess === undefined
    ? "nothing to try"
    : `the accomplice tries ${guess}: ${await probe(
      lab.peer("accomplice"),
      lab.server.address4,
      guess,
    )}`;
  console.log(
    `scout, serve ${options.join(" ") || "as it is"}: ${before.size} ports stand out, then ` +
      `${fresh.length} more; ${answer}${guess === next.ssh ? ", and that is sshd" : ""}`,
  );
}

function percent(chance: number): string {
  return `${(chance * 100).toFixed(2)} %`;
}
