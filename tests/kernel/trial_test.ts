import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { dirname } from "@std/path";
import {
  kernelTest,
  Lab,
  login,
  ours,
  type ServeOptions,
  snapshot,
  sshArgs,
  startServe,
  startSshd,
  waitFor,
} from "./lab.ts";

/** As c3po.service has it: three capabilities, of other processes what everybody sees, and a manager. */
const SERVICE: ServeOptions = {
  prepare: "mount -t proc -o hidepid=invisible proc /proc && " +
    'set -- setpriv --no-new-privs --bounding-set -all,+net_admin,+net_raw,+net_bind_service "$@"',
  env: { NOTIFY_SOCKET: "/nonexistent" },
};

for (const [where, options, exitCode] of [["", {}, 1], [" of the service", SERVICE, 10]] as const) {
  kernelTest(
    `a trial${where} without a login is rolled back; a mere connection is none`,
    async () => {
      await using lab = await Lab.create({ peers: ["user"] });
      const sshd = await startSshd(lab.server);
      const before = await snapshot(lab.server);
      await using elsewhere = await Lab.create({ peers: ["user"] });
      const other = await startSshd(elsewhere.server);
      const sftp = [...await sshArgs(other), "-s", elsewhere.server.address4, "sftp"];
      const serve = await startServe(lab.server, { ...options, args: ["--try", "10s"] });
      const { ssh } = await serve.ports();
      // Gets as far as the question for a password, and stays there for nearly all of the trial.
      const stranger = lab.user.spawn("bash", [
        "-c",
        'exec 3<>"/dev/tcp/$0/$1"; sleep 8',
        lab.server.address4,
        String(ssh),
      ]);
      // Nor is it one at the same moment to the sshd of another network, as in a container.
      elsewhere.user.spawn("ssh", sftp, { stdin: "piped" });
      await serve.child.waitForLine(/error: rolled back/, 60_000);
      const { code } = await serve.child.finished();
      await stranger.finished();
      assertEquals(code, exitCode);
      assertMatch(
        serve.child.text(),
        /error: rolled back: no login through C3PO within 10s$/m,
      );
      assertMatch(serve.child.text(), /left=10s/);
      assertMatch(serve.child.text(), /left=5s/);
      assertEquals(await snapshot(lab.server), before);
      assert(await login(lab.user, sshd, lab.server.address4, sshd.port));
    },
  );
}

for (const user of ["root", "nobody"]) {
  kernelTest(`a trial of the service is passed by a login of ${user}`, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    // sshd reads the keys of a user with that user's rights.
    for (const folder of [lab.directory, dirname(sshd.userKey)]) await Deno.chmod(folder, 0o711);
    const serve = await startServe(lab.server, { ...SERVICE, args: ["--try", "5m"] });
    const port = String((await serve.ports()).ssh);
    // It needs no shell of the user, and lasts as long as nobody ends it.
    const sftp = [
      ...await sshArgs(sshd),
      "-p",
      port,
      "-s",
      `${user}@${lab.server.address6}`,
      "sftp",
    ];
    lab.user.spawn("ssh", sftp, { stdin: "piped" });
    await serve.child.waitForLine(/event=trial_passed address=fd77:0:0:1::1 next="remove try /);
    assertEquals((await serve.stop()).code, 0);
  });
}

kernelTest("behind a service only what nobody takes over is removed", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server);
  await serve.kill();
  const left = ours(await snapshot(lab.server));
  const after = async (SERVICE_RESULT: string, EXIT_STATUS: string): Promise<string> => {
    const env = { SERVICE_RESULT, EXIT_STATUS };
    assertEquals((await lab.server.c3po(["serve", "--undo"], { env })).code, 0);
    return await snapshot(lab.server);
  };
  assertEquals(ours(await after("signal", "KILL")), left);
  assertEquals(ours(await after("exit-code", "1")), left);
  assertEquals(await after("timeout", "KILL"), before);
});

kernelTest(
  "a login through a C3PO port passes the trial, and a death is no rollback then",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, { args: ["--try", "5m"] });
    const user = [...await sshArgs(sshd), "-p", String((await serve.ports()).ssh)];
    lab.user.spawn("ssh", [...user, lab.server.address4, "sleep 60"]);
    await serve.child.waitForLine(/event=trial_passed address=10\.77\.1\.1$/);
    const during = await snapshot(lab.server);
    await serve.kill();
    assertEquals(serve.child.text().includes("event=trial_rollback"), false);
    assertEquals(ours(await snapshot(lab.server)), ours(during));
  },
);

kernelTest("a serve that is killed in its trial is rolled back by its watchdog", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server, { args: ["--try", "5m", "--fail", "closed"] });
  // Nobody logs in here: one who is seen passes the trial.
  assertNotEquals(await snapshot(lab.server), before);
  await serve.kill();
  await serve.child.waitForLine(/event=rolled_back/);
  assertEquals(await snapshot(lab.server), before);
  assert(await login(lab.user, sshd, lab.server.address4, sshd.port));
});

kernelTest("a serve that hangs in its trial is ended and rolled back", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server, { args: ["--try", "10s"] });
  serve.child.kill("SIGSTOP");
  await serve.child.waitForLine(/event=trial_rollback/, 60_000);
  await serve.child.waitForLine(/event=rolled_back/);
  await waitFor(async () => await snapshot(lab.server) === before, {
    what: "rollback",
  });
});
