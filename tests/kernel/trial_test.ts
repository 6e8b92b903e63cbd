import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  kernelTest,
  Lab,
  login,
  loginNow,
  portsNow,
  serveWith,
  snapshot,
  sshArgs,
  startSshd,
  waitFor,
} from "./lab.ts";

kernelTest("a trial without a login is rolled back; a mere connection is none", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const serve = await serveWith(lab.server, { args: ["--try", "10s"] });
  const { ssh } = await portsNow();
  // Gets as far as the question for a password, and stays there for nearly all of the trial.
  const stranger = lab.user.spawn("bash", [
    "-c",
    'exec 3<>"/dev/tcp/$0/$1"; sleep 8',
    lab.server.address4,
    String(ssh),
  ]);
  const { code } = await serve.finished();
  await stranger.finished();
  assertEquals(code, 1);
  assertMatch(
    serve.text(),
    /error: rolled back: nobody logged in through a C3PO port within 10s$/m,
  );
  assertMatch(serve.text(), /left=10s/);
  assertMatch(serve.text(), /left=5s/);
  assertEquals(await snapshot(lab.server), before);
  assert(await login(lab.user, sshd, lab.server.address4, sshd.port));
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
  assert(await loginNow(lab.user, sshd, lab.server.address6));
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
    deadlineMs: 1000,
    what: "rollback",
  });
});

function rules(text: string): string[] {
  return text.split("\n").filter((line) => line.startsWith("-A "));
}
