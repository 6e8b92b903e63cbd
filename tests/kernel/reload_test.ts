import { assert, assertEquals } from "@std/assert";
import {
  engineTest,
  type Filter,
  kernelTest,
  Knocker,
  Lab,
  type Namespace,
  ours,
  roomInMinute,
  type Serving,
  snapshot,
  startServe,
  startSshd,
} from "./lab.ts";
import { bansOn } from "./bans/tripwire.ts";

/** A `serve` that believes a service manager to have started it. */
async function supervised(server: Namespace, engine: Filter): Promise<Serving> {
  const env = { NOTIFY_SOCKET: `${server.directory}/notify` };
  return await startServe(server, { engine, env });
}

engineTest(
  "SIGHUP reads the configuration again and drops neither a port nor a ban",
  async (engine) => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const serve = await supervised(lab.server, engine);
    await lab.server.c3po(["ban", "add", "192.0.2.1", "--for", "1h"]);
    const before = ours(await snapshot(lab.server));
    await roomInMinute(10_000);
    const knocker = await Knocker.start(lab.user, serve, [lab.server.address4]);
    const now = Date.now();
    const knocking = knocker.knock({
      from: now,
      until: now + 5000,
      every: 50,
    });
    const seen = serve.child.lines.length;
    serve.child.kill("SIGHUP");
    await serve.event("reloaded", "", seen);
    await serve.event("started", "", seen);
    const answers = (await knocking).map(({ answer }) => answer);
    assertEquals(answers.filter((answer) => answer !== "SSH-2.0-"), []);
    assert(answers.length > 0);
    assertEquals(ours(await snapshot(lab.server)), before);
    assertEquals((await bansOn(lab.server)).map(({ address }) => address), ["192.0.2.1"]);
    assertEquals((await serve.stop()).code, 0);
  },
);

kernelTest("a configuration that cannot be used leaves the old one in force", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const serve = await supervised(lab.server, "iptables");
  await Deno.chmod(serve.keyFile, 0o644);
  const seen = serve.child.lines.length;
  serve.child.kill("SIGHUP");
  await serve.event("reload_failed", /error="others may read/, seen);
  await serve.event("started", "", seen);
  assertEquals((await serve.stop()).code, 0);
});
