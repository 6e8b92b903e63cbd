// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * The odds measured once with the real thing: `c3po serve` and its kernel rules in a namespace of
 * their own, and an attacker in another (as root):
 *
 *     deno task odds:kernel [--addresses N] [--seed N]
 */

import { parseArgs } from "@std/cli/parse-args";
import { fromFileUrl } from "@std/path";
import { minuteAt, minuteStart } from "../../src/schedule/minute.ts";
import { formatRandomKey } from "../../src/schedule/key_text.ts";
import type { MinutePorts } from "../../src/schedule/schedule.ts";
import { openAt } from "../../src/schedule/windows.ts";
import { Lab, nmapScan, startServe, startSshd, untilMinute } from "../../tests/kernel/lab.ts";
import { windowsAround } from "./minutes.ts";
import type { Sweeps, Touch } from "./sweeper.ts";

const TRAPS = 15;
/** The smallest range: a scan of it is quick, and the odds do not depend on it. */
const RANGE = { low: 1024, high: 2047 };
const SWEEPER = fromFileUrl(new URL("./sweeper.ts", import.meta.url));
const RUSH = fromFileUrl(new URL("./rush.ts", import.meta.url));

const args = parseArgs(Deno.args, {
  string: ["addresses", "seed"],
  default: { addresses: "4000", seed: "2007" },
});
for (const grace of [0, 15]) await sweeps(grace, Number(args.addresses), Number(args.seed));
for (const options of [[], ["--trigger", "handshake"]]) await scout(options);

/** Many addresses, each of which scans until something answers: how many met sshd. */
async function sweeps(grace: number, addresses: number, seed: number): Promise<void> {
  await using lab = await Lab.create({ peers: ["attacker"] });
  await startSshd(lab.server);
  await lab.addRange(lab.attacker, "10.78.0.0/16");
  const key = `${randomKey()}?ports=${RANGE.low}-${RANGE.high}`;
  const serve = await startServe(lab.server, { key, args: ["--grace", `${grace}s`] });
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
  let met = 0, expected = 0, variance = 0, probes = 0;
  for (const touch of touches) {
    const windows = await windowsAround(serve.schedule, minuteAt(touch.at), 1, TRAPS, { grace });
    const open = openAt(windows, touch.at / 1000);
    const ssh = new Set(open.flatMap(({ doors }) => doors.map(({ port }) => port)));
    const traps = new Set(open.flatMap((each) => each.traps));
    if (ssh.has(touch.port)) met++;
    const odds = ssh.size / (ssh.size + traps.size);
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

/**
 * An address that maps all ports with half-open connections twice, before and after the ports of the
 * next minute open, and then connects to all that came, at the same time. By its first trap the scout
 * is banned, unless only a handshake bans.
 */
async function scout(options: string[]): Promise<void> {
  await using lab = await Lab.create({ peers: ["scout"] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { key: randomKey(), args: options });
  // Not refused: open, or met with silence.
  const map = async () =>
    [...await nmapScan(lab.peer("scout"), lab.server.address4, { ports: "1024-65535" })]
      .filter(([, answer]) => answer !== "closed").map(([port]) => port);
  await map(); // brings the ban
  await untilMinute(16_000); // the ports of the minute before are closed
  const before = new Set(await map());
  const early = Date.now();
  await untilMinute(-14_000);
  const fresh = (await map()).filter((port) => !before.has(port));
  const late = Date.now();
  const minute = minuteAt(late);
  if (early < minuteStart(minute) || early > minuteStart(minute + 1) - 15_000) {
    throw new Error("the scans took too long for one minute");
  }
  const rush = [
    "run",
    "--no-prompt",
    "--allow-net",
    RUSH,
    lab.server.address4,
    ...fresh.map(String),
  ];
  const met = (await lab.peer("scout").must(Deno.execPath(), rush)).trim();
  const current = await serve.schedule.ports(minute, TRAPS);
  const next = await serve.schedule.ports(minute + 1, TRAPS);
  const place = (ports: readonly number[], { ssh }: MinutePorts) =>
    ports.includes(ssh) ? `sshd's is one of ${ports.length}` : "sshd's is not among them";
  console.log(
    `scout, serve ${options.join(" ") || "as it is"}: ${before.size} ports stand out before the ` +
      `grace (${place([...before], current)}), ${fresh.length} more within (${
        place(fresh, next)
      }); ` +
      `of all connections at once ${met === "" ? "none met sshd" : `that to ${met} met sshd`}`,
  );
}

function randomKey(): string {
  return formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
}

function percent(chance: number): string {
  return `${(chance * 100).toFixed(2)} %`;
}
