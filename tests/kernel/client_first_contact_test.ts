import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { c3poCommand, kernelTest, Lab, sshArgs, startSshd } from "./lab.ts";
import { Pane } from "./lab/pane.ts";
import { putKey } from "./lab/pair.ts";

/** A sudo that asks as the real one does: at its terminal, without an echo, and not without one. */
const SUDO = `#!/bin/bash
if ! : 2>/dev/null >/dev/tty; then
  echo 'sudo: a terminal is required to read the password' >&2
  exit 1
fi
printf '[sudo] password for me: ' >/dev/tty
IFS= read -rs password </dev/tty
echo >/dev/tty
[ "$password" = hunter2 ] && exec "$@"
echo 'Sorry, try again.' >&2
exit 1
`;

kernelTest("the first line of the documents works where sudo asks for a password", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server, user } = lab;
  const sshd = await startSshd(server);
  const key = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  const file = await putKey(server, "server", key);
  const sudo = join(server.directory, "sudo");
  await Deno.writeTextFile(sudo, SUDO, { mode: 0o755 });
  const config = await sshArgs(sshd, { hosts: `Host web\n  HostName ${server.address4}\n` });
  const c3po = c3poCommand().join(" ");
  const show = `${sudo} ${c3po} key show --key ${file}`;
  const line = (t: string): string =>
    `ssh ${t} ${config.join(" ")} web ${show} | ${c3po} key add web`;

  await using pane = await Pane.open({
    columns: 200,
    rows: 40,
    env: { HOME: user.home },
    machine: user,
  });
  await pane.type(line("-t"), "Enter");
  await pane.waitFor(/^\[sudo\] password for me:/m, 60_000);
  await pane.type("hunter2", "Enter");
  const screen = (await pane.waitFor(/^ {2}ProxyCommand /m, 60_000)).join("\n");
  assertMatch(
    screen.replaceAll("\n", ""),
    /c3po: random key, fingerprint c4048f50, written to .*\/web\.key/,
  );
  assertEquals(screen.includes("hunter2") || screen.includes("AAECAw"), false, screen);
  const stored = join(user.home, ".config", "c3po", "web.key");
  assertEquals(await Deno.readTextFile(stored), `${key}\n`);

  await Deno.remove(stored);
  await pane.clear();
  await pane.type(line("-T"), "Enter");
  const failed = (await pane.waitFor(/^c3po: hint: /m, 60_000)).join("\n");
  assertMatch(failed, /^sudo: a terminal is required to read the password$/m);
  assertMatch(failed, /^c3po: error: what came through the pipe: it is empty$/m);
  assertMatch(
    failed.replaceAll("\n", ""),
    /needs -t: ssh -t web sudo c3po key show \| c3po key add web/,
  );
  assertEquals(await Array.fromAsync(Deno.readDir(join(user.home, ".config", "c3po"))), []);
});
