/**
 * How long a login through C3PO takes beside a plain one, and how fast the proxy is: real ssh, sshd and
 * `c3po serve` in network namespaces, in one run, all ways in turn.
 *
 * Needs root: `sudo deno task login [ROUNDS] [PROGRAM…]`. A PROGRAM is the path of a c3po; several are
 * measured beside each other. Without any it is the one that `C3PO_BIN` names, else this checkout as
 * `install.sh` would put it in place.
 */
import { c3poCommand, CHECKOUT, must, roomInMinute } from "../../tests/kernel/lab.ts";
import { Pair, putKey } from "../../tests/kernel/lab/pair.ts";
import { describe, differences, rate, type Row, signed, table } from "./figures.ts";
import { keystrokes } from "./keystrokes.ts";

const ROUNDS = Number(Deno.args[0] ?? 25);
const MEGABYTES = 512;
const TRANSFERS = 5;

/** A c3po to measure. */
interface Program {
  readonly name: string;
  readonly command: readonly string[];
  /** Options for ssh, with the ProxyCommand. */
  readonly proxied: readonly string[];
}

/** Something that is timed. */
type Way = readonly [name: string, once: () => Promise<number>];

await using pair = await Pair.create();
const { user, server } = pair;
// Where "c3po key add" puts it, for both names under which it is asked for here.
for (const name of ["server", server.address4]) await putKey(user, name, pair.key);
const env = { HOME: user.home };
const plain = await pair.config();
/** An ssh that ends at once, but for the questions of c3po: what is left is c3po's own time. */
const brief = await briefSsh(`${user.directory}/brief`);
const programs = await Promise.all((await commands()).map(programOf));

/** The commands to measure, as an installation starts them. */
async function commands(): Promise<string[][]> {
  const given = Deno.args.slice(1);
  if (given.length > 0) return given.map((path) => [path]);
  if (Deno.env.get("C3PO_BIN")) return [c3poCommand()];
  const tree = `${user.directory}/installed`;
  const args = ["build/local.ts", tree, `'${Deno.execPath()}'`];
  await must(Deno.execPath(), ["run", "--quiet", "--frozen", "-A", ...args], { cwd: CHECKOUT });
  return [[`${tree}/bin/c3po`]];
}

async function programOf(command: string[]): Promise<Program> {
  const proxy = `ProxyCommand env HOME=${user.home} ${command.join(" ")} proxy %h`;
  const name = Deno.args.length > 2 ? command[0]! : "c3po";
  return { name, command, proxied: await pair.config([proxy]) };
}

/** The port of the minute, with room enough in it to use it. */
async function port(): Promise<string> {
  const minute = await roomInMinute(3_000);
  return String((await pair.schedule.ports(minute, 0)).ssh);
}

async function timed(
  command: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<number> {
  const start = performance.now();
  await user.must(command, [...args], { env: { ...env, ...more } });
  return performance.now() - start;
}

/** @returns the variable that has it found */
async function briefSsh(folder: string): Promise<{ PATH: string }> {
  const path = Deno.env.get("PATH")!;
  await Deno.mkdir(folder);
  const script = `#!/bin/sh\ncase $1 in -G) PATH='${path}' exec ssh "$@" ;; esac\n`;
  await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
  return { PATH: `${folder}:${path}` };
}

/** All ways in turn, there and back, so that what else the machine does falls on all alike. */
async function inTurn(ways: readonly Way[], rounds: number): Promise<number[][]> {
  const times = ways.map((): number[] => []);
  for (const [, once] of ways) await once(); // what is read once is in memory from here on
  for (let round = 0; round < rounds; round++) {
    const order = [...ways.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [index, [, once]] of order) times[index]!.push(await once());
  }
  return times;
}

const logins: readonly Way[] = [
  ["ssh -p PORT host true", async () => {
    const args = ["-p", await port(), ...plain, "server", "true"];
    return await timed("ssh", args);
  }],
  ...programs.flatMap(({ name, command: [first, ...rest], proxied }): Way[] => [
    [`${name} ssh host true`, () => timed(first!, [...rest, "ssh", ...plain, "server", "true"])],
    [
      `ssh host true, ProxyCommand ${name} proxy`,
      () => timed("ssh", [...proxied, "server", "true"]),
    ],
    [
      `${name} ssh, of that c3po's own`,
      () => timed(first!, [...rest, "ssh", ...plain, "server", "true"], brief),
    ],
    [`${name} port`, () => timed(first!, [...rest, "port"])],
  ]),
  ["true", () => timed("true", [])],
];

const receive = ["-o", "Compression=no", "server", `head -c ${MEGABYTES}M /dev/zero`];
const send = (args: readonly string[]): Promise<number> =>
  // To /dev/null there, so that nothing here is measured but ssh and the proxy.
  timed("sh", ["-c", 'exec "$@" >/dev/null', "sh", "ssh", ...args, ...receive]);
const transfers: readonly Way[] = [
  ["plain ssh", async () => await send(["-p", await port(), ...plain])],
  ...programs.map(({ name, proxied }): Way => [`through ${name} proxy`, () => send(proxied)]),
];

const times = await inTurn(logins, ROUNDS);
const rows = logins.map(([name], index): Row => {
  const { least, median, p90 } = describe(times[index]!);
  const isLogin = name.includes("host true") && index > 0;
  const more = describe(differences(times[index]!, times[0]!));
  return [
    name,
    ...[least, median, p90].map((value) => value.toFixed(1)),
    isLogin ? signed(more.median) : "",
    isLogin ? signed(least - describe(times[0]!).least) : "",
  ];
});
const speeds = (await inTurn(transfers, TRANSFERS)).map((each, index): Row => {
  const { least, median } = describe(each);
  return [transfers[index]![0], rate(MEGABYTES, median), rate(MEGABYTES, least)];
});

const typing: Row[] = [];
for (const { name, command } of programs) {
  const { least, median, p90 } = await keystrokes(command);
  typing.push([`${name} proxy`, ...[least, median, p90].map((value) => value.toFixed(1))]);
}

const text = [
  `${ROUNDS} rounds, milliseconds:\n`,
  table(["what", "least", "median", "90 %", "more than plain, median", "least more"], rows),
  table([`${MEGABYTES} MiB from the server, MiB/s`, "median", "most"], speeds),
  table(["two keystrokes 3 ms apart, ms", "least", "median", "90 %"], typing),
].join("\n");
await Deno.stdout.write(new TextEncoder().encode(text));
