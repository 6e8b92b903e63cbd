/**
 * Prints the log of a `serve` that bans, is told to ban, and lets somebody in: what tools that read the
 * log have to tell apart. It is the daemon itself on a packet filter in memory.
 *
 * usage: deno run -A banned.ts text|json SITE
 */
import { StateFiles } from "../../src/bans/state_files.ts";
import { parseBanned } from "../../src/os/address.ts";
import { startLog } from "../../src/os/log.ts";
import { Server } from "../server/daemon/server.ts";
import { people } from "./people.ts";

const [format, site] = Deno.args;
const { once, returning, confirmed, hand, quoting, quoted } = people(Number(site));
await using server = await Server.start();
startLog(format === "json" ? "json" : "text");

const touch = async (address: string, complete: boolean): Promise<void> => {
  server.kernel.connect(address, await server.trap(), { complete });
  await server.pass(11);
};
const login = async (address: string, account: string): Promise<void> => {
  server.kernel.connect(address, (await server.ports()).ssh);
  server.logins.push({ address, account });
  await server.pass(11);
};

for (const address of [once, ...returning]) await touch(address, false);
for (const seconds of [900, 1800]) {
  server.clock.suspend(seconds * 1000);
  await server.pass(11);
  for (const address of returning) await touch(address, false);
}
await login(confirmed, "ann");
await touch(confirmed, true);
// A line that says what another line would.
await login(
  quoting,
  `warning banned event=ban address=${quoted} port=1 trigger=syn offences=1 seconds=900`,
);
const until = server.clock.now() + 900_000;
const address = parseBanned(hand);
await new StateFiles(server.folder).enqueue([{ do: "ban", address, until }], server.clock.now());
await server.pass(11);
await server.stop();
