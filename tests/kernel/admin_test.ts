import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import {
  c3poCommand,
  engineTest,
  kernelTest,
  Lab,
  login,
  type Namespace,
  snapshot,
  sshArgs,
  type Sshd,
  startServe,
  startSshd,
  syn,
  writeKey,
} from "./lab.ts";
import { bansOn } from "./bans/tripwire.ts";

/** Runs `c3po serve` from an SSH session of the user, as `sudo` does it: without the session's variables. */
async function administer(
  lab: Lab,
  sshd: Sshd,
  args: readonly string[],
  address = lab.server.address4,
): Promise<{ child: ReturnType<Namespace["spawn"]> }> {
  const key = await writeKey(lab.server);
  const settings = [
    ...["env", "-u", "SSH_CONNECTION", "-u", "SSH_CLIENT"],
    ...[`RUNTIME_DIRECTORY=${lab.server.runtimeDirectory}`],
    ...[`STATE_DIRECTORY=${lab.server.stateDirectory}`],
  ];
  const words = [...settings, ...c3poCommand(), "serve", "--key", key, ...args];
  // The shell stays above it, as the one that ran sudo does.
  const command = `${words.join(" ")}; exit $?`;
  const child = lab.user.spawn("ssh", [...await sshArgs(sshd), "-tt", address, command]);
  return { child };
}

engineTest("whoever starts serve over SSH is trusted, and not banned any more", async (engine) => {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  const sshd = await startSshd(server);
  assertEquals((await server.c3po(["ban", "add", user.address4])).code, 0);
  const { child } = await administer(lab, sshd, ["--firewall", engine]);
  await child.waitForLine(/event=trusted address=10\.77\.1\.1/);
  await child.waitForLine(/event=started/);
  assertEquals(await bansOn(server), []);
  const schedule = await Schedule.of(parseKey(await Deno.readTextFile(await writeKey(server))));
  const { ssh, traps } = await schedule.ports(minuteAt(Date.now()), 15);
  await syn(user, server.address4, traps[0]!);
  assert(await login(user, sshd, server.address4, ssh));
});

kernelTest(
  "a terminal that is gone ends serve cleanly, even one that has just started",
  async () => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await startServe(lab.server);
    serve.child.kill("SIGHUP");
    assertEquals((await serve.child.finished()).code, 0);
    await serve.event("stopped", "signal=SIGHUP");
    assertEquals(await snapshot(lab.server), before);
  },
);

kernelTest("a start that would cut the only way in is refused, and --force starts it", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const refused = await administer(lab, sshd, ["--ssh-port", "2222"]);
  await refused.child.finished();
  assertMatch(refused.child.text(), /error: no sshd listens on port 2222, so you could not/);
  assertMatch(refused.child.text(), /hint: your session came in at 22: --ssh-port 22; .*--force/);
  assertEquals(await snapshot(lab.server), before);
  const forced = await administer(
    lab,
    sshd,
    ["--ssh-port", "2222", "--force"],
    lab.server.address6,
  );
  await forced.child.waitForLine(/event=started/);
});
