/** What does a change of minute cost? */
import { fromFileUrl, join } from "@std/path";
import { ENGINE_FLAGS } from "../../build/compile.ts";
import { formatRandomKey } from "../../src/core/key.ts";
import { Lab, must, type Namespace } from "../../tests/kernel/lab.ts";
import { environment } from "./harness/c3po.ts";
import { progress } from "./harness/progress.ts";
import { type Summary, summary } from "./harness/stats.ts";
import { takeConnections } from "./harness/taker.ts";
import { commandIn, interleaved, type Timed } from "./harness/timing.ts";

const FAST_SERVE = fromFileUrl(new URL("./programs/fast_serve.ts", import.meta.url));
const BOUNDARY = fromFileUrl(new URL("./programs/boundary.ts", import.meta.url));
const SPEED = 6;

export interface Effort {
  /** How many changes of minute. */
  readonly changes: number;
  /** How often the tools that could make the change are measured. */
  readonly rounds: number;
}

export interface Changes {
  readonly command: string;
  readonly changes: number;
  /** From the boundary of the minute to the first connection through the new port. */
  readonly delayMs: Summary;
  /** The longest time without an open SSH port, of each change. */
  readonly gapMs: Summary;
  /** Changes that the client did not see happen. */
  readonly missed: number;
  /** Every delay, in the order of the changes. */
  readonly delays: readonly number[];
  readonly tools: Timed[];
}

export async function change({ changes, rounds }: Effort): Promise<Changes> {
  progress(`change: ${changes} changes`);
  const seen = await boundaries(changes);
  progress("change: tools");
  const delays = seen.flatMap(({ delayMs }) => delayMs ?? []);
  return {
    command: `c3po serve --grace 0 on a clock ${SPEED} times as fast, that skips to each change`,
    changes: seen.length,
    delayMs: summary(delays),
    gapMs: summary(seen.flatMap(({ gapMs }) => gapMs ?? [])),
    missed: seen.length - delays.length,
    delays,
    tools: await tools(rounds),
  };
}

interface Seen {
  readonly delayMs: number | null;
  readonly gapMs: number | null;
}

async function boundaries(changes: number): Promise<Seen[]> {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  await takeConnections(server, 22);
  const keyFile = join(lab.directory, "key");
  const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
  await Deno.writeTextFile(keyFile, `${key}\n`, { mode: 0o600 });
  const bundle = join(lab.directory, "fast_serve.js");
  await must(Deno.execPath(), [
    ...["bundle", "--quiet", "--platform=deno", "--minify", "--keep-names"],
    ...[`--output=${bundle}`, FAST_SERVE],
  ]);
  // Who meets an old port that is a trap now would be banned and see nothing more.
  const options = ["--key", keyFile, "--grace", "0", "--allow", user.address4];
  const serve = server.spawn(
    Deno.execPath(),
    ["run", "--quiet", ...ENGINE_FLAGS, "-A", bundle, String(SPEED), "serve", ...options],
    { env: environment(server), cwd: server.directory },
  );
  await serve.waitForLine(/ started /, 30_000);
  const client = user.spawn(
    Deno.execPath(),
    ["run", "--no-prompt", "-A", BOUNDARY, keyFile, server.address4],
    { stdin: "piped" },
  );
  let told = 0;
  while (client.lines.length < changes) {
    const announced = serve.lines.filter(({ from }) => from === "stdout");
    for (const { text } of announced.slice(told)) await client.write(`${text}\n`);
    told = announced.length;
    await Promise.race([
      new Promise((resolve) => setTimeout(resolve, 5)),
      serve.status.then(() => {
        throw new Error(serve.text("stderr"));
      }),
    ]);
  }
  return client.lines.slice(0, changes).map(({ text }) => JSON.parse(text));
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
