import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { dirname } from "@std/path";
import {
  kernelTest,
  Lab,
  login,
  portsNow,
  type ServeOptions,
  serveWith,
  snapshot,
  sshArgs,
  startSshd,
  waitFor,
} from "./lab.ts";

/** As c3po.service has it: two capabilities, of other processes what everybody sees, and a manager. */
const SERVICE: ServeOptions = {
  prepare: "mount -t proc -o hidepid=invisible proc /proc && " +
    'set -- setpriv --no-new-privs --bounding-set -all,+net_admin,+net_raw "$@"',
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
      const serve = await serveWith(lab.server, { ...options, args: ["--try", "10s"] });
      const { ssh } = await portsNow();
      // Gets as far as the question for a password, and stays there for nearly all of the trial.
      const stranger = lab.user.spawn("bash", [
        "-c",
        'exec 3<>"/dev/tcp/$0/$1"; sleep 8',
        lab.server.address4,
        String(ssh),
      ]);
      // Nor is it one at the same moment to the sshd of another network, as in a container.
      elsewhere.user.spawn("ssh", sftp, { stdin: "piped" });
      await serve.waitForLine(/error: rolled back/, 60_000);
      const { code } = await serve.finished();
      await stranger.finished();
      assertEquals(code, exitCode);
      assertMatch(
        serve.text(),
        /error: rolled back: nobody logged in through a C3PO port within 10s$/m,
      );
      assertMatch(serve.text(), /left=10s/);
      assertMatch(serve.text(), /left=5s/);
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
    const serve = await serveWith(lab.server, { ...SERVICE, args: ["--try", "5m"] });
    const port = String((await portsNow()).ssh);
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
    await serve.waitForLine(/somebody logged in.* address=fd77:0:0:1::1 next=.*take try out/);
    assertEquals((await serve.stop()).code, 0);
  });
}

kernelTest("behind a service only what nobody takes over is removed", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  const serve = await serveWith(lab.server);
  await serve.stop("SIGKILL");
  const left = rules(await snapshot(lab.server));
  const after = async (SERVICE_RESULT: string, EXIT_STATUS: string): Promise<string> => {
    const env = { SERVICE_RESULT, EXIT_STATUS };
    assertEquals((await lab.server.c3po(["serve", "--undo"], { env })).code, 0);
    return await snapshot(lab.server);
  };
  assertEquals(rules(await after("signal", "KILL")), left);
  assertEquals(rules(await after("exit-code", "1")), left);
  assertEquals(await after("timeout", "KILL"), before);
});

kernelTest(
  "a login through a C3PO port passes the trial, and a death is no rollback then",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const serve = await serveWith(lab.server, { args: ["--try", "5m"] });
    const user = [...await sshArgs(sshd), "-p", String((await portsNow()).ssh)];
    lab.user.spawn("ssh", [...user, lab.server.address4, "sleep 60"]);
    await serve.waitForLine(/somebody logged in, the configuration stays address=10\.77\.1\.1$/);
    const during = await snapshot(lab.server);
    await serve.stop("SIGKILL");
    await serve.finished();
    assertEquals(serve.text().includes("rolling back"), false);
    assertEquals(rules(await snapshot(lab.server)), rules(during));
  },
);

kernelTest("a serve that is killed in its trial is rolled back by its guardian", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const serve = await serveWith(lab.server, { args: ["--try", "5m", "--fail", "closed"] });
  // Nobody logs in here: one who is seen passes the trial.
  assertNotEquals(await snapshot(lab.server), before);
  await serve.stop("SIGKILL");
  await serve.waitForLine(/rolled back, plain SSH answers as before/);
  assertEquals(await snapshot(lab.server), before);
  assert(await login(lab.user, sshd, lab.server.address4, sshd.port));
});

kernelTest("a serve that hangs in its trial is ended and rolled back", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  const serve = await serveWith(lab.server, { args: ["--try", "10s"] });
  serve.kill("SIGSTOP");
  await serve.waitForLine(/serve hangs, rolling back/, 60_000);
  await serve.waitForLine(/rolled back, plain SSH/);
  await waitFor(async () => await snapshot(lab.server) === before, {
    what: "rollback",
  });
});

function rules(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("-A "));
}
