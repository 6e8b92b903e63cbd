import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  type Child,
  denoDirectory,
  forgeSyn,
  kernelTest,
  Lab,
  type Namespace,
  probe,
  sshArgs,
  type Sshd,
  startServe,
  startSshd,
  syn,
  waitFor,
  writeKey,
} from "../lab.ts";
import { bansOn, TRAP, TRIPWIRE } from "./tripwire.ts";

/** Starts a serve that believes sshd cuts off whoever has not logged in after a second. */
async function startImpatient(server: Namespace, sshd: Sshd): Promise<Child> {
  const config = join(server.directory, "impatient");
  await Deno.writeTextFile(config, `HostKey ${sshd.hostKey}\nLoginGraceTime 1\n`);
  // `ip netns exec` gives every program mounts of its own, so nobody else sees this one.
  const mounted = ["-c", 'mount --bind "$0" /etc/ssh/sshd_config && exec "$@"', config];
  const serve = [...c3poCommand(), "serve", "--key", await writeKey(server), ...TRIPWIRE];
  const child = server.spawn("sh", [...mounted, ...serve], {
    env: {
      HOME: server.home,
      STATE_DIRECTORY: server.stateDirectory,
      RUNTIME_DIRECTORY: server.runtimeDirectory,
      DENO_DIR: denoDirectory(),
    },
  });
  await child.waitForLine(/ started /);
  return child;
}

kernelTest("who has logged in is not banned by a forged packet, but by a connection", async () => {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  const sshd = await startSshd(server);
  const child = await startImpatient(server, sshd);
  const ssh = (await server.must("ipset", ["save", "c3po-ssh"])).match(/^add c3po-ssh (\d+)/m)![1]!;
  const args = [...await sshArgs(sshd), "-p", ssh];
  const sessions = [server.address4, server.address6].map((address) =>
    user.spawn("ssh", [...args, address, "echo in; exec cat"], { stdin: "piped" })
  );
  for (const session of sessions) await session.waitForLine(/^in$/);
  await child.waitForLine(/ friend address=10\.77\.1\.1$/, 40_000);
  await child.waitForLine(/ friend address=fd77:0:0:1::\/64$/, 40_000);

  for (
    const [own, target] of [[user.address4, server.address4], [user.address6, server.address6]]
  ) {
    await forgeSyn(attacker, own!, target!, TRAP);
    await syn(attacker, target!, TRAP);
    assertEquals(await syn(attacker, target!, TRAP), "closed");
    assertEquals(await syn(user, target!, TRAP), "open");
  }
  const attackers = [attacker.address4, "fd77:0:0:2::/64"];
  assertEquals((await bansOn(server)).map(({ address }) => address), attackers);

  for (const address of [server.address4, server.address6]) {
    assertEquals(await probe(user, address, TRAP), "open");
    await waitFor(async () => await syn(user, address, TRAP) === "closed", {
      what: "ban of a friend who completed a connection to a trap",
    });
  }
  await child.waitForLine(/ ban address=10\.77\.1\.1 port=23 trigger=handshake offences=1 /);
  for (const [i, session] of sessions.entries()) {
    await session.write(`still here ${i}\n`);
    await session.waitForLine(new RegExp(`still here ${i}`));
  }

  await child.stop();
  const next = await startServe(server, TRIPWIRE);
  assertMatch(
    await server.must("ipset", ["save", "c3po-friend4"]),
    /^add c3po-friend4 10\.77\.1\.1 timeout 2147\d{3}$/m,
  );
  await next.stop();
  await startServe(server, [...TRIPWIRE, "--friends", "off"]);
  assertEquals(/^add/m.test(await server.must("ipset", ["save", "c3po-friend4"])), false);
});
