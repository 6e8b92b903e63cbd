import { assertEquals, assertMatch } from "@std/assert";
import { type Child, kernelTest, Lab, sshArgs, startServe, startSshd, untilMinute } from "./lab.ts";
import { putKey } from "./lab/pair.ts";
import vectors from "../vectors-derived.json" with { type: "json" };

const [alice, web1] = vectors.derive as [typeof vectors.derive[0], typeof vectors.derive[0]];
const ID = "web1.example.org";

/** A server with the key derived for it, and a user with the master key. */
async function prepared(): Promise<{ lab: Lab; config: string[] }> {
  const lab = await Lab.create();
  try {
    const sshd = await startSshd(lab.server);
    await startServe(lab.server, { key: web1.key, args: ["--grace", "0s"] });
    await putKey(lab.user, "default", alice.key.replace("c3po-1-", "c3po-1-master-"));
    const hosts = `Host server\n  HostName ${lab.server.address4}\n`;
    return { lab, config: await sshArgs(sshd, { hosts }) };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

kernelTest("a master key leads to a server that has the key derived for it", async () => {
  const { lab, config } = await prepared();
  await using _ = lab;
  const login = await lab.user.c3po(["ssh", "--as", ID, ...config, "server", "echo in"]);
  assertEquals(login, { code: 0, stdout: "in\n", stderr: "" });
  const check = await lab.user.c3po(["check", lab.server.address4, "--as", ID]);
  assertMatch(
    check.stdout,
    new RegExp(`derived for host id ${ID}, fingerprint ${web1.fingerprint}`),
  );
  assertMatch(check.stdout, /answers: SSH-2\.0-/);
});

kernelTest("forward leads to sshd in three minutes, and what is connected stays", async () => {
  const { lab, config } = await prepared();
  await using _ = lab;
  const forward = lab.user.spawnC3po([
    ...["forward", lab.server.address4, "--as", ID, "--service", "ssh"],
    ...["--listen", "127.0.0.1:15022"],
  ]);
  await forward.waitForLine(/^127\.0\.0\.1:15022$/);
  const local = [...config, "-p", "15022", "-o", "HostKeyAlias=server", "127.0.0.1", "cat"];
  const sessions = [];
  for (let minute = 0; minute < 3; minute++) {
    if (minute > 0) await untilMinute(2_000);
    const session = lab.user.spawn("ssh", local, { stdin: "piped" });
    sessions.push(session);
    for (const each of sessions) {
      await each.write(`minute ${minute}\n`);
      await each.waitForLine(new RegExp(`^minute ${minute}$`));
    }
  }
  for (const session of sessions) {
    await session.closeInput();
    assertEquals((await session.status).code, 0);
  }
  forward.kill("SIGTERM");
  assertEquals((await forward.status).code, 0);
  assertEquals(forward.text("stderr"), "");
});

kernelTest("a connection that the network loses ends alone, and the forward goes on", async () => {
  const { lab, config } = await prepared();
  await using _ = lab;
  const { user } = lab;
  const forward = user.spawnC3po([
    ...["forward", lab.server.address4, "--as", ID, "--service", "ssh"],
    ...["--listen", "127.0.0.1:15022"],
  ]);
  await forward.waitForLine(/^127\.0\.0\.1:15022$/);
  const local = [...config, "-p", "15022", "-o", "HostKeyAlias=server", "127.0.0.1", "cat"];
  const connect = async (): Promise<Child> => {
    const session = user.spawn("ssh", local, { stdin: "piped" });
    await session.write("in\n");
    await session.waitForLine(/^in$/);
    return session;
  };
  const lost = await connect();
  const sockets = await user.must("ss", ["-Htn", "dst", lab.server.address4]);
  const [, port] = /:(\d+) +\S+\s*$/.exec(sockets)!;
  const stays = await connect();
  // The kernel gives a connection up after two tries, and says why the last one failed.
  await user.must("sysctl", ["-q", "-w", "net.ipv4.tcp_retries2=2"]);
  const rules = `table ip lost {
    chain after {
      type filter hook output priority filter;
      tcp sport ${port} ip daddr ${lab.server.address4} reject with icmp type host-unreachable
    }
  }`;
  await user.must("nft", ["-f", "-"], { stdin: rules });
  await lost.write("lost\n");
  assertEquals((await lost.status).code, 255);
  await stays.write("still in\n");
  await stays.waitForLine(/^still in$/);
  await stays.closeInput();
  assertEquals((await stays.status).code, 0);
  forward.kill("SIGTERM");
  assertEquals((await forward.status).code, 0);
  assertEquals(forward.text("stderr"), "");
});
