import { assertEquals, assertMatch } from "@std/assert";
import { kernelTest, probe, roomInMinute, waitFor } from "./lab.ts";
import { Pair, putKey } from "./lab/pair.ts";

/** What the user is told, by the proxy and by ssh, which both have to end with a failure. */
async function told(pair: Pair, ahead = 0, host = "server"): Promise<string[]> {
  const config = await pair.config([], "Host down\n  HostName 10.77.200.1\n");
  const address = host === "down" ? "10.77.200.1" : pair.server.address4;
  const proxied = await pair.c3poAt(ahead, ["proxy", address]);
  assertEquals([proxied.code, proxied.stdout.startsWith("SSH-2.0-c3po\r\n")], [1, true]);
  const options = ["-o", "ConnectTimeout=2"];
  const login = await pair.c3poAt(ahead, ["ssh", ...config, ...options, host, "true"]);
  assertEquals([login.code, login.stdout], [255, ""], login.stderr);
  return [proxied.stderr, login.stderr];
}

kernelTest("a clock too far off, and a wrong key, are told from a host that is down", async () => {
  await using pair = await Pair.create();
  const shut =
    /^c3po: error: "[^"]*" is up, but this minute's port is not open to this address\nc3po: hint: /m;
  for (const text of await told(pair, 600_000)) assertMatch(text, shut);
  await putKey(pair.user, "default", "classic:not the server's");
  for (const text of await told(pair)) assertMatch(text, shut);
  const silent = /^c3po: error: (no answer from|cannot reach) "[^"]*"/m;
  for (const text of await told(pair, 0, "down")) assertMatch(text, silent);
});

kernelTest("a banned user is told what it may be, and what to do", async () => {
  await using pair = await Pair.create();
  await pair.server.c3po(["ban", "add", pair.user.address4]);
  await roomInMinute(12_000);
  for (const text of await told(pair)) {
    assertMatch(
      text,
      /^c3po: error: "[^"]*" is up, but .* not open to this address$/m,
    );
    assertMatch(
      text,
      /^c3po: hint: this address may be banned: .*c3po ban remove ADDRESS; /m,
    );
  }
});

kernelTest("where closed ports do not answer, the neighbours are tried all the same", async () => {
  await using pair = await Pair.create({ args: ["--open-firewall"] });
  await pair.tellTraps();
  await pair.server.must("iptables", ["-P", "INPUT", "DROP"]);
  await roomInMinute(35_000); // from 15 s before the end on, the port that is tried first is open, too
  const ahead = 60_000 + 30_000 - Date.now() % 60_000;
  const config = await pair.config([pair.proxyCommand(ahead)]);
  const options = ["-o", "ConnectTimeout=20"];
  const login = await pair.user.run("ssh", [...config, ...options, "server", "echo in"]);
  assertEquals([login.code, login.stdout], [0, "in\n"], login.stderr);
  // ssh itself takes its time here, so whether a command ran cannot be told; the user is told that.
  const direct = await pair.config();
  const late = await pair.c3poAt(ahead, [
    "ssh",
    ...direct,
    "-o",
    "ConnectTimeout=5",
    "server",
    "echo in",
  ]);
  assertEquals([late.code, late.stdout], [255, ""]);
  assertMatch(late.stderr, /^c3po: the server's clock is \d+ to \d+ s behind this one: set/m);
  assertMatch(late.stderr, /^c3po: hint: it is unknown whether the command ran; run it again/m);
});

kernelTest("an sshd that refuses before its greeting is told from a closed port", async () => {
  await using pair = await Pair.create();
  await pair.sshd.stop();
  const listener = pair.server.spawn(Deno.execPath(), [
    "eval",
    'for await (const conn of Deno.listen({ port: 22, hostname: "0.0.0.0" })) conn.close();',
  ]);
  await waitFor(async () => await probe(pair.server, "127.0.0.1", 22) === "open", {
    what: "listener",
  });
  const { address4 } = pair.server;
  const { stderr } = await pair.user.c3po(["proxy", address4]);
  assertMatch(
    stderr,
    /accepted the connection and closed it without a banner\nc3po: hint: its sshd/,
  );
  await listener.stop();
});

kernelTest("who is held in a trap is told so", async () => {
  await using pair = await Pair.create({ args: ["--trigger", "handshake"] });
  await roomInMinute(20_000);
  const { address4 } = pair.server;
  const minute = Math.floor(Date.now() / 60_000);
  const { traps } = await pair.schedule.ports(minute, 15);
  // A user whose wrong key names one of our traps is hard to find, so that a rule leads there.
  const { ssh } = await pair.schedule.ports(minute, 0);
  await pair.user.must("iptables", [
    ...["-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", String(ssh)],
    ...["-j", "DNAT", "--to-destination", `${address4}:${traps[0]}`],
  ]);
  const config = await pair.config([pair.proxyCommand()]);
  const child = pair.user.spawn("ssh", [...config, "server", "true"]);
  await child.waitForLine(
    /^c3po: "10\.77\.0\.1" greets like a server and then says nothing: a trap\?/,
    15_000,
  );
  await child.waitForLine(
    /^c3po: hint: with a wrong key or clock this address may just have been banned/,
  );
  await child.stop();
});
