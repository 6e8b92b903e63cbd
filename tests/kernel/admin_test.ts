import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  c3poCommand,
  kernelTest,
  Lab,
  loginNow,
  type Namespace,
  portsNow,
  serveWith,
  snapshot,
  sshArgs,
  type Sshd,
  startSshd,
  syn,
} from "./lab.ts";

/** Runs `c3po serve` from an SSH session of the user, as `sudo` does it: without the session's variables. */
async function administer(
  lab: Lab,
  sshd: Sshd,
  args: readonly string[],
  address = lab.server.address4,
): Promise<{ child: ReturnType<Namespace["spawn"]> }> {
  const key = `${lab.server.directory}/admin-key`;
  await Deno.writeTextFile(key, `c3po-1-${"A".repeat(43)}?ports=20000-40000\n`, { mode: 0o600 });
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

kernelTest(
  "whoever starts serve over SSH becomes a friend, and is not banned any more",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    await lab.server.must("ipset", [
      "create",
      "c3po-ban4",
      "hash:ip",
      ...["maxelem", "1048576", "timeout", "0", "forceadd"],
    ]);
    await lab.server.must("ipset", ["add", "c3po-ban4", lab.user.address4, "timeout", "900"]);
    const { child } = await administer(lab, sshd, []);
    await child.waitForLine(/whoever starts this is a friend address=10\.77\.1\.1/);
    await child.waitForLine(/ started /);
    assertMatch(
      await lab.server.must("ipset", ["save", "c3po-friend4"]),
      /add c3po-friend4 10\.77\.1\.1/,
    );
    const [trap] = (await portsNow()).traps;
    await syn(lab.user, lab.server.address4, trap!);
    assert(await loginNow(lab.user, sshd, lab.server.address4));
  },
);

kernelTest(
  "a terminal that is gone ends serve cleanly, even one that has just started",
  async () => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const serve = await serveWith(lab.server);
    serve.kill("SIGHUP");
    assertEquals((await serve.finished()).code, 0);
    assertMatch(serve.text(), / stopped signal=SIGHUP$/m);
    assertEquals(await snapshot(lab.server), before);
  },
);

kernelTest("a start that would cut the only way in is refused, and --force starts it", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const refused = await administer(lab, sshd, ["--ssh-port", "2222"]);
  await refused.child.finished();
  assertMatch(refused.child.text(), /error: no sshd listens on port 2222, so no port of C3PO/);
  assertMatch(refused.child.text(), /hint: your session came in at 22: --ssh-port 22; .*--force/);
  assertEquals(await snapshot(lab.server), before);
  const forced = await administer(
    lab,
    sshd,
    ["--ssh-port", "2222", "--force"],
    lab.server.address6,
  );
  await forced.child.waitForLine(/ started /);
});
