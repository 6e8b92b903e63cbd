/**
 * How long a login through C3PO takes beside a plain one, and how fast the proxy is: real ssh, sshd and
 * `c3po serve` in network namespaces, in one run, each pair one after the other.
 *
 * Needs root: `sudo deno task login [PAIRS]`. It measures the program that `C3PO_BIN` names, else this
 * checkout, bundled as an installation has it.
 */
import { bundle } from "../../build/bundle.ts";
import { c3poCommand, CHECKOUT, roomInMinute } from "../../tests/kernel/lab.ts";
import { Pair } from "../../tests/kernel/lab/pair.ts";
import { describe, rate, type Row, table } from "./figures.ts";

const PAIRS = Number(Deno.args[0] ?? 25);
const MEGABYTES = 512;

/** The command to measure, as the installation starts it. */
async function program(folder: string): Promise<string[]> {
  if (Deno.env.get("C3PO_BIN")) return c3poCommand();
  Deno.chdir(CHECKOUT);
  const file = `${folder}/c3po.js`;
  await bundle(file);
  return [Deno.execPath(), "run", "--no-prompt", "--no-config", "-A", file];
}

await using pair = await Pair.create();
const { user } = pair;
const c3po = await program(user.directory);
const env = { HOME: user.home };
const plain = await pair.config();
const proxied = await pair.config([
  `ProxyCommand env HOME=${user.home} ${c3po.join(" ")} proxy %h`,
]);

/** The port of the minute, with room enough in it to use it. */
async function port(): Promise<string> {
  const minute = await roomInMinute(3_000);
  return String((await pair.schedule.ports(minute, 0)).ssh);
}

async function timed(command: string, args: readonly string[]): Promise<number> {
  const start = performance.now();
  await user.must(command, [...args], { env });
  return performance.now() - start;
}

const [first, ...rest] = c3po;
const WAYS: readonly [string, () => Promise<number>][] = [
  [
    "ssh -p PORT host true",
    async () => await timed("ssh", ["-p", await port(), ...plain, "server", "true"]),
  ],
  ["c3po ssh host true", () => timed(first!, [...rest, "ssh", ...plain, "server", "true"])],
  ["ssh host true, ProxyCommand c3po proxy", () => timed("ssh", [...proxied, "server", "true"])],
  ["c3po port", () => timed(first!, [...rest, "port"])],
  ["true", () => timed("true", [])],
];

const times = WAYS.map((): number[] => []);
for (const [, way] of WAYS) await way(); // what is read once is in memory from here on
for (let round = 0; round < PAIRS; round++) {
  for (const [index, [, way]] of WAYS.entries()) times[index]!.push(await way());
}
const base = describe(times[0]!);
const rows = WAYS.map(([name], index): Row => {
  const { least, median, p90 } = describe(times[index]!);
  const beyond = (value: number): string =>
    index === 1 || index === 2 ? `+${value.toFixed(1)}` : "";
  return [
    name,
    ...[least, median, p90].map((value) => value.toFixed(1)),
    beyond(median - base.median),
    beyond(least - base.least),
  ];
});

const speeds: Row[] = [];
const receive = ["-o", "Compression=no", "server", `head -c ${MEGABYTES}M /dev/zero`];
for (const [name, config] of [["plain ssh", plain], ["through c3po proxy", proxied]] as const) {
  const args = name === "plain ssh" ? ["-p", await port(), ...config] : config;
  const start = performance.now();
  // To /dev/null there, so that nothing here is measured but ssh and the proxy.
  await user.must("sh", ["-c", 'exec "$@" >/dev/null', "sh", "ssh", ...args, ...receive]);
  speeds.push([name, rate(MEGABYTES, performance.now() - start)]);
}

const text = [
  `${PAIRS} rounds, milliseconds:\n`,
  table(["what", "least", "median", "90 %", "median more than plain", "least more"], rows),
  table([`${MEGABYTES} MiB from the server`, "MiB/s"], speeds),
].join("\n");
await Deno.stdout.write(new TextEncoder().encode(text));
