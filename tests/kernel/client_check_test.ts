import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { kernelTest, roomInMinute, startSshd, waitFor } from "./lab.ts";
import { Pair, putKey } from "./lab/pair.ts";

interface Answer {
  code: number;
  ok: boolean;
  /** Grade and words of each step, by its name. */
  steps: Record<string, string>;
  todo: Record<string, string>;
}

/** Runs `c3po check` as a user whose own configuration is that of the test. */
async function check(
  pair: Pair,
  ahead = 0,
  lines: string[] = [],
  hosts = "",
): Promise<Answer> {
  const [, config] = await pair.config(lines, hosts);
  // ssh reads the configuration of the user it finds in passwd, wherever HOME is.
  const { code, stdout, stderr } = await pair.c3poAt(ahead, ["check", "server", "--json"], {
    env: { PATH: `${await wrapSsh(pair, config!)}:${Deno.env.get("PATH")}` },
  });
  assertEquals(stderr, "");
  const { host, ok, findings } = JSON.parse(stdout);
  assertEquals(host, "server");
  const steps: Answer["steps"] = {};
  const todo: Answer["todo"] = {};
  for (const finding of findings) {
    steps[finding.what] = `${finding.grade}: ${finding.found}`;
    todo[finding.what] = finding.todo;
  }
  return { code, ok, steps, todo };
}

/** A folder with an `ssh` that is the real one with the test's configuration. */
async function wrapSsh(pair: Pair, config: string): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: pair.user.directory });
  const file = join(folder, "ssh");
  await Deno.writeTextFile(file, `#!/bin/sh\nexec /usr/bin/ssh -F '${config}' "$@"\n`);
  await Deno.chmod(file, 0o755);
  return folder;
}

kernelTest("check finds nothing where all is well", async () => {
  await using pair = await Pair.create();
  await roomInMinute(5_000);
  const { code, ok, steps } = await check(pair);
  assertEquals([code, ok], [0, true], JSON.stringify(steps));
  assertEquals(Object.keys(steps), ["ssh", "key", "way", "login", "clocks"]);
  assertEquals(steps.ssh, `ok: resolves "server" to ${pair.server.address4}`);
  assertMatch(steps.key!, /^ok: .*default\.key, mode 0600, c3po-1, ports 1024-65535, fingerprint /);
  assertMatch(steps.way!, /^ok: port \d+ answers: SSH-2\.0-OpenSSH/);
  assertEquals(steps.login, "ok: works without a prompt");
  assertEquals(steps.clocks, "ok: the server's clock agrees with this one");
});

kernelTest("check tells to the second how far the clocks differ, once it can log in", async () => {
  await using pair = await Pair.createClear();
  for (const [seconds, side] of [[-75, "ahead of"], [12, "behind"], [75, "behind"]] as const) {
    // Else a port that answers in its grace may be shut before the login.
    await waitFor(() => Date.now() % 60_000 > 16_000 && Date.now() % 60_000 < 45_000, {
      what: "the middle of a minute",
    });
    const { code, steps, todo } = await check(pair, seconds * 1000);
    const [, least, most, told] =
      /^warn: the server's clock is (\d+)(?: to (\d+))? s (ahead of|behind) this one/.exec(
        steps.clocks!,
      ) ??
        [];
    assertEquals([code, told], [0, side], JSON.stringify(steps));
    const [low, high] = [Number(least), Number(most ?? least)];
    const difference = Math.abs(seconds);
    // A slow login widens the bounds, and they are rounded to whole seconds.
    assertEquals(low <= difference + 1 && high >= difference - 1, true, steps.clocks);
    assertMatch(todo.clocks!, /timedatectl/);
  }
});

kernelTest("check stops at what does not work, and says what to do", async () => {
  await using pair = await Pair.create();
  const denied = await check(pair, 0, ["User nobody"]);
  assertEquals([denied.code, denied.ok], [0, true], "a login may need what check does not ask for");
  assertMatch(denied.steps.login!, /^warn: nobody@10\.77\.0\.1: Permission denied/);
  assertEquals(denied.todo.login, "see for yourself: c3po ssh server");

  await putKey(pair.user, "server", "classic:another secret");
  const wrong = await check(pair);
  assertEquals([wrong.code, wrong.ok], [1, false]);
  assertEquals(Object.keys(wrong.steps), ["ssh", "key", "way"]);
  assertMatch(wrong.steps.key!, /^ok: .*server\.key, mode 0600, classic, ports 1024-65535$/);
  assertMatch(wrong.steps.way!, /^fail: "server" is up, but this minute's port/);
  assertMatch(wrong.todo.way!, /c3po key check/);

  await Deno.chmod(join(pair.user.home, ".config", "c3po", "server.key"), 0o640);
  const loose = await check(pair);
  assertEquals(loose.code, 1);
  assertMatch(loose.steps.key!, /^fail: others may read the key file .*: its mode is 0640$/);
  assertMatch(loose.todo.key!, /^chmod 600 /);
});

kernelTest(
  "check runs its own command, whatever the host's block runs, forwards and shares",
  async () => {
    await using pair = await Pair.create();
    await roomInMinute(5_000);
    const { steps } = await check(pair, 0, [
      "RemoteCommand tmux new -A -s main",
      "LocalForward 127.0.0.1:22 127.0.0.1:22",
      "ExitOnForwardFailure yes",
      "ControlMaster auto",
      `ControlPath ${pair.user.directory}/cm-%C`,
      "ControlPersist 60",
    ]);
    assertEquals(steps.login, "ok: works without a prompt");
    const left = await Array.fromAsync(Deno.readDir(pair.user.directory), ({ name }) => name);
    assertEquals(left.filter((name) => name.startsWith("cm-")), []);
  },
);

kernelTest("check looks at ssh and at the key, whichever of them is missing", async () => {
  await using pair = await Pair.create();
  await Deno.remove(join(pair.user.home, ".config", "c3po", "default.key"));
  const { code, steps } = await check(pair);
  assertEquals([code, Object.keys(steps)], [1, ["ssh", "key"]]);
  assertMatch(steps.ssh!, /^ok: resolves/);
  assertMatch(steps.key!, /^fail: no key found for "server"$/);
});

kernelTest("check goes through a jump host as ssh does, and fails where that fails", async () => {
  await using pair = await Pair.create({}, ["user", "jump"]);
  const jump = pair.lab.peer("jump");
  const sshd = await startSshd(jump, {
    config: [`AuthorizedKeysFile ${pair.sshd.userKey}.pub`, `HostKey ${pair.sshd.hostKey}`],
  });
  const hosts = `Host jump\n  HostName ${jump.address4}\n`;
  await roomInMinute(5_000);
  const { code, steps } = await check(pair, 0, ["ProxyJump jump"], hosts);
  assertEquals(code, 0, JSON.stringify(steps));
  assertMatch(steps.way!, /^ok: through another host/);
  assertEquals(steps.login, "ok: works without a prompt");
  await sshd.stop();
  const broken = await check(pair, 0, ["ProxyJump jump"], hosts);
  assertEquals([broken.code, broken.ok], [1, false]);
  assertMatch(broken.steps.login!, /^fail: /);
});
