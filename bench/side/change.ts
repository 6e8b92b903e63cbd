/** What does a change of minute cost? */
import { fromFileUrl, join } from "@std/path";
import { ENGINES, type Filter, Lab, type Namespace } from "../../tests/kernel/lab.ts";
import { startC3po } from "./harness/c3po.ts";
import { progress } from "./harness/progress.ts";
import { type Summary, summary } from "./harness/stats.ts";
import { takeConnections } from "./harness/taker.ts";
import { commandIn, interleaved, type Timed } from "./harness/timing.ts";

const BOUNDARY = fromFileUrl(new URL("./programs/boundary.ts", import.meta.url));

export interface Effort {
  /** How many changes of minute, of the machine's own clock, each server is watched for. */
  readonly changes: number;
  /** How often the tools that could make the change are measured. */
  readonly rounds: number;
}

/** How changes went. */
interface Seen {
  /** From the boundary of the minute to the first connection through the new port. */
  readonly delayMs: Summary;
  /** The longest time without an open SSH port, of each change. */
  readonly gapMs: Summary;
  /** Changes that the client did not see happen. */
  readonly missed: number;
}

export interface Changes extends Seen {
  readonly command: string;
  readonly changes: number;
  /** Every delay, in the order of the changes. */
  readonly delays: readonly number[];
  /** The same by engine, and by whether `serve` ran or was stopped. */
  readonly ways: readonly (Seen & { readonly name: string })[];
  readonly tools: Timed[];
}

export async function change({ changes, rounds }: Effort): Promise<Changes> {
  progress(`change: ${changes} changes of each server, all at the same time`);
  const ways = await Promise.all(
    ENGINES.flatMap((engine) =>
      [false, true].map(async (isStopped) => ({
        name: `${engine}, serve ${isStopped ? "stopped by SIGSTOP" : "running"}`,
        told: await boundaries(changes, engine, isStopped),
      }))
    ),
  );
  progress("change: tools");
  const all = ways.flatMap(({ told }) => told);
  return {
    command: "c3po serve --grace 0, a client that connects every millisecond around each change",
    changes: all.length,
    ...seen(all),
    delays: all.flatMap(({ delayMs }) => delayMs ?? []),
    ways: ways.map(({ name, told }) => ({ name, ...seen(told) })),
    tools: await tools(rounds),
  };
}

/** One change, as the client saw it. */
interface Told {
  readonly delayMs: number | null;
  readonly gapMs: number | null;
}

function seen(told: readonly Told[]): Seen {
  const delays = told.flatMap(({ delayMs }) => delayMs ?? []);
  return {
    delayMs: summary(delays),
    gapMs: summary(told.flatMap(({ gapMs }) => gapMs ?? [])),
    missed: told.length - delays.length,
  };
}

async function boundaries(changes: number, engine: Filter, isStopped: boolean): Promise<Told[]> {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  await takeConnections(server, 22);
  // Who meets an old port that is a trap now would be banned and see nothing more.
  const options = ["--grace", "0", "--ahead", "60m", "--allow", user.address4];
  const serve = await startC3po(server, ["--firewall", engine, ...options]);
  if (isStopped) serve.child.kill("SIGSTOP");
  const args = ["run", "--no-prompt", "-A", BOUNDARY];
  const client = [serve.keyFile, server.address4, String(changes)];
  const stdout = await user.must(Deno.execPath(), [...args, ...client]);
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

const PORTS = Array.from({ length: 16 }, (_, i) => 20_000 + i * 1111);

/** The change itself, by each of the tools that could make it; in all of them it is atomic. */
async function tools(rounds: number): Promise<Timed[]> {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  const make = ["live", "next"].map((name) => `create ${name} bitmap:port range 0-65535\n`).join(
    "",
  );
  await server.must("ipset", ["restore"], { stdin: make });
  for (const family of ["iptables", "ip6tables"]) {
    await server.must(family, ["-t", "nat", "-N", "C3"]);
  }
  await server.must("nft", ["-f", "-"], {
    stdin: "add table inet c3\nadd set inet c3 live { type inet_service; }\n",
  });
  const ipset = ["flush next", ...PORTS.map((port) => `add next ${port}`), "swap next live", ""];
  const rules = [
    "*nat",
    ":C3 - [0:0]",
    ...PORTS.map((port) => `-A C3 -p tcp --dport ${port} -j REDIRECT --to-ports 22`),
    "COMMIT",
    "",
  ];
  const nft = `flush set inet c3 live\nadd element inet c3 live { ${PORTS.join(", ")} }\n`;
  const files = { ipset: ipset.join("\n"), rules: rules.join("\n"), nft };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(server.directory, name), text);
  }
  return await interleaved([
    shell(server, "nothing", "true"),
    shell(server, "ipset restore with swap", "ipset restore <ipset"),
    shell(server, "nft -f", "nft -f nft"),
    shell(
      server,
      "iptables-restore, both families",
      "iptables-restore -n <rules; ip6tables-restore -n <rules",
    ),
  ], rounds);
}

function shell(server: Namespace, name: string, script: string) {
  return commandIn(server, name, ["sh", "-c", script], { cwd: server.directory, shown: script });
}
