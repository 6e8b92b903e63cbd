// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * How a change of minute looks to a client of a server with many users, and what `serve` holds then:
 *
 *     sudo C3PO_BIN=PROGRAM deno run -A bench/doors/change.ts [CHANGES] [USERS]
 *
 * A server of each engine in turn, without grace, which is the hardest case, with the ports of all users and 15
 * traps for each of them. The client has the key of one user, and connects every millisecond around each change, to
 * the port that goes and to the one that comes: two such clients at once would measure each other. Prints a table
 * in Markdown.
 */
import { fromFileUrl, join } from "@std/path";
import { formatKey } from "../../src/schedule/key_text.ts";
import { ENGINES, type Filter, Lab, startServe } from "../../tests/kernel/lab.ts";
import { memoryOf } from "../side/harness/meter.ts";
import { summary } from "../side/harness/stats.ts";
import { takeConnections } from "../side/harness/taker.ts";
import { megabytes, number, table } from "../side/text.ts";
import { makeUsers, writeUsers } from "./users.ts";

const BOUNDARY = fromFileUrl(new URL("../side/programs/boundary.ts", import.meta.url));

const [changes = "20", users = "300"] = Deno.args;
const load = Deno.loadavg()[0]!;
const rows: string[][] = [];
for (const engine of ENGINES) {
  const row = [engine, ...await watch(engine, Number(changes), Number(users))];
  console.error(row.join("; "));
  rows.push(row);
}
const head = [
  "engine",
  "ports of users",
  "traps",
  "changes seen",
  "boundary to first connection, median, ms",
  "quartiles",
  "most",
  "longest gap, ms",
  "`serve` resident, MB",
  "with its tools, MB",
];
console.log(table(head, rows));
console.log(`load ${number(load)} at the start, ${number(Deno.loadavg()[0]!)} at the end`);

/** What the client of one user saw. */
async function watch(engine: Filter, changes: number, count: number): Promise<string[]> {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  await takeConnections(server, 22);
  const users = makeUsers(count);
  const folder = await writeUsers(server, users);
  // A client that meets an old port that is a trap now would be banned and see nothing more.
  const args = ["--users", folder, "--grace", "0", "--allow", user.address4];
  const serve = await startServe(server, { engine, args });
  const keyFile = join(user.directory, "user.key");
  const { key } = users[Math.floor(count / 2)]!;
  await Deno.writeTextFile(keyFile, `${formatKey(key)}\n`, { mode: 0o600 });
  const words = ["run", "--no-prompt", "-A", BOUNDARY];
  const stdout = await user.must(
    Deno.execPath(),
    [...words, keyFile, server.address4, String(changes)],
  );
  const told: { delayMs: number | null; gapMs: number | null }[] = stdout.trim().split("\n")
    .map((line) => JSON.parse(line));
  const { odds } = JSON.parse((await server.c3po(["status", "--json"])).stdout);
  const { residentKb, itselfKb } = await memoryOf(serve.child.pid);
  await serve.stop();
  const delays = summary(told.flatMap(({ delayMs }) => delayMs ?? []));
  const gaps = told.flatMap(({ gapMs }) => gapMs ?? []);
  return [
    number(odds.real),
    number(odds.traps),
    `${delays.count} of ${changes}`,
    number(delays.median),
    `${number(delays.low)}–${number(delays.high)}`,
    number(delays.most),
    number(Math.max(...gaps)),
    megabytes(itselfKb),
    megabytes(residentKb),
  ];
}
