import { assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { kernelTest, must, startSshd, untilMinute } from "./lab.ts";
import { denoDirectory } from "./lab/c3po.ts";
import { Pair } from "./lab/pair.ts";

const GIB = 1024 ** 3;

kernelTest("scp, sftp, rsync and git find the port through the Host block", async () => {
  await using pair = await Pair.create();
  const { user, server } = pair;
  const config = await pair.config([pair.proxyCommand()]);
  const [here, there] = [join(user.directory, "here"), join(server.directory, "there")];
  await Deno.mkdir(there);
  const content = encodeHex(crypto.getRandomValues(new Uint8Array(50_000)));
  await Deno.writeTextFile(here, content);
  const ssh = ["ssh", ...config].join(" ");

  await user.must("scp", [...config, "-q", here, `server:${there}/scp`]);
  await user.must("sftp", [...config, "-q", "-b", "-", "server"], {
    stdin: `put ${here} ${there}/sftp\n`,
  });
  await user.must("rsync", ["-e", ssh, here, `server:${there}/rsync`]);
  for (const name of ["scp", "sftp", "rsync"]) {
    assertEquals(await Deno.readTextFile(join(there, name)), content, name);
  }

  await must("git", ["init", "-q", "--bare", `${there}/repository`]);
  const git = (...args: string[]): Promise<string> =>
    user.must("git", ["-c", "user.name=u", "-c", "user.email=u@example.org", ...args], {
      env: { GIT_SSH_COMMAND: ssh, HOME: user.home },
      cwd: user.directory,
    });
  await git("clone", "-q", `server:${there}/repository`, "clone");
  await Deno.copyFile(here, join(user.directory, "clone", "file"));
  await git("-C", "clone", "add", "file");
  await git("-C", "clone", "commit", "-qm", "a file");
  await git("-C", "clone", "push", "-q", "origin", "HEAD:refs/heads/main");
  assertEquals(await must("git", ["-C", `${there}/repository`, "show", "main:file"]), content);
});

kernelTest("the proxy works over IPv6 and through a jump host", async () => {
  await using pair = await Pair.create({}, ["user", "inner"]);
  const { user } = pair;
  const inner = pair.lab.peer("inner");
  // An sshd without c3po that takes the same user, and has the same host key.
  await startSshd(inner, {
    config: [`AuthorizedKeysFile ${pair.sshd.userKey}.pub`, `HostKey ${pair.sshd.hostKey}`],
  });
  const hosts = [
    "Host six",
    `  HostName ${pair.server.address6}`,
    `  ${pair.proxyCommand()}`,
    "Host inner",
    `  HostName ${inner.address4}`,
    "  ProxyJump server",
    "",
  ].join("\n");
  const config = await pair.config([pair.proxyCommand()], hosts);
  const origin = async (host: string): Promise<string> =>
    (await user.must("ssh", [...config, host, "echo $SSH_CONNECTION"])).split(" ")[0]!;
  assertEquals(await origin("server"), user.address4);
  assertEquals(await origin("six"), user.address6);
  assertEquals(await origin("inner"), pair.server.address4);
});

kernelTest("a transfer that began in one minute ends in the next, whole", async () => {
  await using pair = await Pair.create();
  const config = await pair.config([pair.proxyCommand()]);
  await untilMinute(-2_000);
  const session = pair.user.spawn("ssh", [...config, "server", "cat"], { stdin: "piped" });
  await session.write("old minute\n");
  await session.waitForLine(/^old minute$/);
  await untilMinute(17_000); // the grace is over too
  await session.write("new minute\n");
  await session.waitForLine(/^new minute$/);
  await session.closeInput();
  assertEquals((await session.status).code, 0);
  assertEquals(session.text(), "old minute\nnew minute\n");
});

kernelTest("1 GiB each way at once through the proxy arrives as it was sent", async () => {
  await using pair = await Pair.create();
  const config = await pair.config([pair.proxyCommand()]);
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", pair.user.netns, "ssh", ...config, "server", "cat"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const sent = createHash("sha256");
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  const sending = (async () => {
    const writer = child.stdin.getWriter();
    for (let count = 0; count < GIB / block.length; count++) {
      new DataView(block.buffer).setUint32(0, count); // no two blocks alike
      sent.update(block);
      await writer.write(block.slice());
    }
    await writer.close();
  })();
  const received = createHash("sha256");
  let length = 0;
  for await (const chunk of child.stdout) {
    received.update(chunk);
    length += chunk.length;
  }
  await sending;
  assertEquals((await child.status).code, 0);
  assertEquals(length, GIB);
  assertEquals(received.digest("hex"), sent.digest("hex"));
});

kernelTest(
  "what key add writes is all that plain ssh needs, under cron and in a service too",
  async () => {
    await using pair = await Pair.create();
    const { user, server, key } = pair;
    await Deno.remove(join(user.home, ".config", "c3po", "default.key"));
    const added = await user.c3po(["key", "add", server.address4, "--write"], {
      stdin: `${key}\n`,
    });
    assertMatch(added.stdout, /^Host 10\.77\.0\.1\n {2}ProxyCommand \/.* proxy --key \/.* %h\n$/);
    const block = await Deno.readTextFile(join(user.home, ".ssh", "c3po.conf"));
    const config = await pair.config([], block);
    // cron's own PATH, no HOME, and a folder that is not the user's.
    const { code, stdout, stderr } = await user.run("env", [
      ...["-i", "PATH=/usr/bin:/bin", "SHELL=/bin/sh", `DENO_DIR=${denoDirectory()}`],
      ...["ssh", ...config, server.address4, "echo in"],
    ], { cwd: "/" });
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "in\n", stderr: "" });
  },
);

kernelTest(
  "key add keeps a host behind a jump host reachable, from ssh, scp and c3po ssh",
  async () => {
    await using pair = await Pair.create({}, ["user", "jump"]);
    const { user, server, key } = pair;
    const jump = pair.lab.peer("jump");
    await startSshd(jump, {
      config: [`AuthorizedKeysFile ${pair.sshd.userKey}.pub`, `HostKey ${pair.sshd.hostKey}`],
    });
    // The jump host is the only way.
    await server.must("iptables", ["-I", "INPUT", "-s", user.address4, "-j", "DROP"]);
    const hosts = `Host jump\n  HostName ${jump.address4}\n`;
    const plain = await pair.config(["ProxyJump jump"], hosts);
    const folder = await Deno.makeTempDir({ dir: user.directory });
    const asking = async (config: string[]): Promise<Record<string, string>> => {
      const file = join(folder, "ssh");
      await Deno.writeTextFile(file, `#!/bin/sh\nexec /usr/bin/ssh ${config.join(" ")} "$@"\n`);
      await Deno.chmod(file, 0o755);
      return {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        HOME: user.home,
        DENO_DIR: denoDirectory(),
        SHELL: "/bin/sh",
      };
    };
    const add = ["key", "add", "server", "--write"];
    const added = await user.c3po(add, { stdin: `${key}\n`, env: await asking(plain) });
    assertMatch(
      added.stdout,
      /^Host server\n {2}ProxyCommand sh -c '.* jump' %h \/.* port --key \/.*\/server\.key\n$/,
    );
    // As the Include at the top of the user's configuration has it: before all else.
    const block = await Deno.readTextFile(join(user.home, ".ssh", "c3po.conf"));
    const [option, file] = plain as [string, string];
    await Deno.writeTextFile(file, `${block}\n${await Deno.readTextFile(file)}`);
    const env = await asking([option, file]);
    // To zsh a word with brackets is a pattern, and to others $(…) or its inside is nothing they know.
    for (const shell of ["sh", "bash", "zsh", "fish"]) {
      const path = (await must("which", [shell])).trim();
      const { stdout, stderr } = await user.run("ssh", [
        "-o",
        "ConnectTimeout=60",
        "server",
        "echo in",
      ], {
        env: { ...env, SHELL: path },
      });
      assertEquals(stdout, "in\n", `${shell}: ${stderr}`);
    }
    await user.must("scp", [
      "-q",
      "-S",
      join(folder, "ssh"),
      file,
      `server:${server.directory}/copy`,
    ], { env });
    assertEquals((await user.c3po(["ssh", "server", "echo in"], { env })).stdout, "in\n");
    const again = await user.c3po(add, { stdin: `${key}\n`, env });
    assertEquals(again.stdout, added.stdout);
  },
);

kernelTest(
  "a peer that is gone is noticed by the kernel, as ssh has it on its own connections",
  async () => {
    await using pair = await Pair.create();
    const config = await pair.config([pair.proxyCommand()]);
    const session = pair.user.spawn("ssh", [...config, "server", "echo in; cat"], {
      stdin: "piped",
    });
    await session.waitForLine(/^in$/);
    const sockets = await pair.user.must("ss", ["-tnoH", "state", "established"]);
    assertMatch(sockets, /timer:\(keepalive,/);
    await session.stop();
  },
);
