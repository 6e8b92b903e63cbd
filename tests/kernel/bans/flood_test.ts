import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab, type Namespace, startServe, startSshd, syn, waitFor } from "../lab.ts";
import { login, TRAP, TRIPWIRE } from "./tripwire.ts";

const FLOODER = fromFileUrl(new URL("./flooder.ts", import.meta.url));

/** What the documentation states. */
const MOST_MEGABYTES = 160;

async function entries(server: Namespace, set: string): Promise<number> {
  const text = await server.must("ipset", ["list", "-terse", set]);
  return Number(/^Number of entries: (\d+)$/m.exec(text)![1]);
}

/** Half a million addresses from 20.0.0.0 on, as lines of `ipset restore`. */
function halfMillion(): string {
  return Array.from(
    { length: 500_000 },
    (_, i) => `add c3po-ban4 20.${i >> 16}.${i >> 8 & 255}.${i & 255} timeout 3600\n`,
  ).join("");
}

kernelTest("a flood of a hundred thousand sources changes nothing for the innocent", async () => {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  const sshd = await startSshd(server);
  const serve = await startServe(server, TRIPWIRE);
  await lab.addRange(attacker, "10.128.0.0/9");
  await lab.addRange(attacker, "fd80::/16");
  await server.must("ipset", ["restore"], { stdin: halfMillion() });

  const floods = [[server.address4, "10.130.0.0"], [server.address6, "fd80::1"]]
    .map(([target, first]) =>
      attacker.spawn(Deno.execPath(), [
        ...["run", "--no-prompt", "-A", FLOODER],
        ...[target!, String(TRAP), first!, "50000"],
      ])
    );
  let over = false;
  const ended = Promise.all(floods.map((flood) => flood.status)).finally(() => over = true);
  let logins = 0;
  do {
    for (const address of [server.address4, server.address6]) {
      const { code, stderr } = await login(user, address, { sshd, serve });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      logins++;
    }
  } while (!over);
  for (const { success } of await ended) assert(success);

  // Everybody who touched the trap is banned, and nobody who was banned before has been let go.
  // But for a few: one bucket of the hash may be full, and an old ban makes room there.
  const banned = [await entries(server, "c3po-ban4"), await entries(server, "c3po-ban6")];
  assert(banned[0]! > 550_000 - 10 && banned[1]! > 50_000 - 10, `${banned} bans`);
  assertEquals(await syn(attacker, server.address4, TRAP), "open");
  assertEquals(await syn(attacker, server.address4, TRAP), "closed");
  await serve.child.waitForLine(/ bans left out of the log suppressed=\d{3,}$/, 60_000);
  await waitFor(async () => (await entries(server, "c3po-hit4")) === 0, {
    what: "end of reading who touched traps",
  });
  const lines = serve.child.lines.filter(({ text }) => text.includes(" ban address=")).length;
  assert(lines < 1000, `${lines} lines about ${logins} logins`);

  const status = await Deno.readTextFile(`/proc/${await pidOf(server)}/status`);
  const megabytes = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
  assert(megabytes < MOST_MEGABYTES, `${megabytes} MB of its own`);
  await serve.stop();
  const saved = await Deno.readTextFile(`${server.stateDirectory}/bans`);
  assert(Number(/\nend (\d+)\n$/.exec(saved)![1]) > 600_000 - 20, saved.slice(-100));
});

/** The process of serve itself, which its lock names. */
async function pidOf(server: Namespace): Promise<string> {
  for await (const { name } of Deno.readDir(server.runtimeDirectory)) {
    if (name.endsWith(".lock")) {
      return (await Deno.readTextFile(`${server.runtimeDirectory}/${name}`)).trim();
    }
  }
  throw new Error("no lock of a serve");
}
