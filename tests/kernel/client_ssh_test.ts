import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { minuteAt } from "../../src/schedule/minute.ts";
import { kernelTest, roomInMinute, startSshd, waitFor } from "./lab.ts";
import { Pair } from "./lab/pair.ts";

kernelTest("c3po ssh logs in over IPv4 and IPv6 and ends as ssh ends", async () => {
  await using pair = await Pair.create();
  const config = await pair.config([], `Host six\n  HostName ${pair.server.address6}\n`);
  const ssh = (...args: string[]): ReturnType<typeof pair.user.c3po> =>
    pair.user.c3po(["ssh", ...config, ...args]);
  assertEquals(await ssh("server", "cat; exit 7", "<&-"), { code: 7, stdout: "", stderr: "" });
  assertEquals(await ssh("six", "-T", "echo", "in"), { code: 0, stdout: "in\n", stderr: "" });
  const echoed = await pair.user.c3po(["ssh", ...config, "server", "cat"], { stdin: "to and fro" });
  assertEquals(echoed, { code: 0, stdout: "to and fro", stderr: "" });
  const killed = await ssh("server", "kill -KILL $$");
  assertEquals(killed.code, 255);
  const refused = await ssh("-l", "nobody", "server", "true");
  assertEquals([refused.code, refused.stdout], [255, ""]);
  assertMatch(
    refused.stderr,
    /^nobody@10\.77\.0\.1: Permission denied \(.*\r\n$/,
    "ssh says it all",
  );
});

kernelTest("there is one entry in known_hosts, the one plain ssh made", async () => {
  await using pair = await Pair.createClear();
  const { user, server, sshd } = pair;
  const known = join(user.directory, "known_hosts");
  const options = ["-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=accept-new"];
  const config = [...options, ...await pair.config()];
  // Two minutes, so two ports.
  for (const ahead of [0, 0, 60_000]) {
    const login = await pair.c3poAt(ahead, ["ssh", ...config, "server", "true"]);
    assertEquals(login.code, 0, login.stderr);
  }
  const [type, blob] = (await Deno.readTextFile(`${sshd.hostKey}.pub`)).split(" ");
  const entry = `${server.address4} ${type} ${blob!.trim()}\n`;
  assertEquals(await Deno.readTextFile(known), entry);

  // What plain ssh would write, learned from plain ssh where it may connect.
  await Deno.remove(known);
  await server.must("ssh", [...config, "server", "true"]);
  assertEquals(await Deno.readTextFile(known), entry);
  const strict = ["-o", "StrictHostKeyChecking=yes", ...config];
  assertEquals((await user.c3po(["ssh", ...strict, "server", "true"])).code, 0);
});

kernelTest("a jump host that is no C3PO server is passed as with plain ssh", async () => {
  await using pair = await Pair.create({}, ["user", "jump"]);
  const jump = pair.lab.peer("jump");
  await startSshd(jump, {
    config: [`AuthorizedKeysFile ${pair.sshd.userKey}.pub`, `HostKey ${pair.sshd.hostKey}`],
  });
  const config = await pair.config([], `Host jump\n  HostName ${jump.address4}\n`);
  const { code, stdout, stderr } = await pair.user.c3po(
    ["ssh", "-J", "jump", ...config, "server", "echo $SSH_CONNECTION"],
  );
  assertEquals([code, stdout.split(" ")[0]], [0, jump.address4], stderr);
});

kernelTest("forwardings, -N and -f work as with plain ssh", async () => {
  await using pair = await Pair.create();
  const { user } = pair;
  const config = await pair.config();
  const forward = [
    "-L",
    "7001:127.0.0.1:22",
    "-L",
    "7002:127.0.0.1:22",
    "-o",
    "ExitOnForwardFailure=yes",
  ];
  const background = await user.c3po(["ssh", ...config, "-fN", ...forward, "server"]);
  assertEquals(background.code, 0, background.stderr);
  for (const port of ["7001", "7002"]) {
    const through = ["-o", "HostKeyAlias=server", "-p", port, "127.0.0.1", "echo in"];
    assertEquals(await user.must("ssh", [...config, ...through]), "in\n");
  }
});

kernelTest(
  "a shared connection outlives its port, and is asked and ended through c3po",
  async () => {
    await using pair = await Pair.create();
    await pair.tellTraps();
    const { user } = pair;
    const config = await pair.config([`ControlPath ${user.directory}/%C-%p`]);
    const ssh = (ahead: number, ...args: string[]): ReturnType<typeof pair.c3poAt> =>
      pair.c3poAt(ahead, ["ssh", ...config, ...args]);
    const master = await ssh(0, "-MNf", "server");
    assertEquals(master.code, 0, master.stderr);
    // An hour ahead no port of this clock is open, so only the shared connection can work.
    const hour = 3_600_000;
    assertEquals((await ssh(hour, "server", "echo shared")).stdout, "shared\n");
    assertMatch((await ssh(hour, "-O", "check", "server")).stderr, /^Master running/);
    assertMatch(await user.must("ssh", [...config, "server", "echo plain too"]), /^plain too$/m);
    assertMatch((await ssh(hour, "-O", "exit", "server")).stderr, /^Exit request sent/);
    await waitFor(
      async () => (await ssh(hour, "-O", "check", "server")).code === 255,
      { what: "end of the master" },
    );
  },
);

kernelTest("a command is run once, however it ends", async () => {
  await using pair = await Pair.createClear();
  const config = await pair.config();
  const file = join(pair.server.directory, "runs");
  await roomInMinute(10_000);
  // With clocks that agree, and with those a minute apart, where ssh has to be led to another port.
  for (const ahead of [0, 60_000 + 30_000 - Date.now() % 60_000]) {
    await Deno.writeTextFile(file, "");
    const command = `echo run >> ${file}; exit 255`;
    const { code, stderr } = await pair.c3poAt(ahead, ["ssh", ...config, "server", command]);
    assertEquals(code, 255);
    assertEquals(await Deno.readTextFile(file), "run\n", `${ahead} ms ahead: ${stderr}`);
  }
});

kernelTest("c3po ssh uses the port of the clock's minute", async () => {
  await using pair = await Pair.create();
  const config = await pair.config();
  for (const minutes of [-1, 0, 1]) {
    await roomInMinute(3_000);
    const { ssh } = await pair.schedule.ports(minuteAt(Date.now()) + minutes, 0);
    const args = ["ssh", "--dry-run", ...config, "server"];
    const { stdout } = await pair.c3poAt(minutes * 60_000, args);
    assert(stdout.startsWith(`ssh -p ${ssh} -o HostKeyAlias=${pair.server.address4} `), stdout);
  }
});
