import { assertEquals, assertMatch } from "@std/assert";
import {
  forgeSyn,
  kernelTest,
  Lab,
  nmapScan,
  PATIENT_SCAN,
  probe,
  probeAll,
  snapshot,
  sshArgs,
  startSshd,
  syn,
} from "./lab.ts";

kernelTest("startSshd() lets a real ssh log in over IPv4 and IPv6, and stops", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const args = await sshArgs(sshd, { hosts: `Host six\n  HostName ${lab.server.address6}` });
  for (const host of [lab.server.address4, "six"]) {
    const { code, stdout, stderr } = await lab.user.run("ssh", [...args, host, "echo in"]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "in\n", stderr: "" });
  }
  await sshd.stop();
  assertEquals(await probe(lab.user, lab.server.address4, 22), "refused");
});

kernelTest("a login reads nothing of the home of this machine's root", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const args = await sshArgs(await startSshd(lab.server));
  const where = await lab.user.must("ssh", [...args, lab.server.address4, "cd && pwd"]);
  assertEquals(where.split("/sshd-")[0], lab.server.directory);
});

kernelTest("c3po() runs c3po with directories of the machine's own", async () => {
  await using lab = await Lab.create({ peers: [] });
  const { code, stdout, stderr } = await lab.server.c3po(["port", "--at", "0"], {
    env: { C3PO_SECRET: "classic:x" },
  });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^\d+\n$/);
  const missing = await lab.server.c3po(["port"]);
  assertEquals(missing.code, 1);
  assertMatch(missing.stderr, new RegExp(lab.server.home));
});

kernelTest("knownHosts() holds the host to the names it is given", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const sshd = await startSshd(lab.server, { port: 2222 });
  const args = await sshArgs(sshd, { knownHosts: await sshd.knownHosts("box") });
  const login = [...args, "-p", "2222", lab.server.address4, "true"];
  assertEquals((await lab.user.run("ssh", login)).code, 255);
  assertEquals((await lab.user.run("ssh", ["-o", "HostKeyAlias=box", ...login])).code, 0);
});

kernelTest("nmapScan() of all ports sees port 22 open and nothing else", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  for (const type of ["sS", "sT"] as const) {
    for (const address of [lab.server.address4, lab.server.address6]) {
      const states = await nmapScan(lab.attacker, address, { type, extra: PATIENT_SCAN });
      assertEquals(states.size, 65535);
      const others = [...states].filter(([, state]) => state !== "closed");
      assertEquals(others.slice(0, 20), [[22, "open"]], `${others.length} ports are not closed`);
    }
  }
});

kernelTest("probe() and syn() tell open, refused and silent ports apart", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  for (const [tool, v6] of [["iptables", false], ["ip6tables", true]] as const) {
    await lab.server.must(tool, ["-A", "INPUT", "-p", "tcp", "--dport", "24", "-j", "DROP"]);
    const address = v6 ? lab.server.address6 : lab.server.address4;
    const targets = [22, 23, 24].map((port) => ({ address, port, timeoutMs: 500 }));
    assertEquals(await probeAll(lab.user, targets), ["open", "refused", "timeout"]);
    assertEquals(await syn(lab.attacker, address, 22), "open");
    assertEquals(await syn(lab.attacker, address, 23), "closed");
    assertEquals(await syn(lab.attacker, address, 24), "filtered");
  }
});

kernelTest("a forged SYN arrives from the forged address, once", async () => {
  await using lab = await Lab.create();
  const [source, source6] = ["10.77.200.9", "fd77:0:0:200::9"];
  const count = ["-p", "tcp", "--syn", "--dport", "22", "-j", "ACCEPT"];
  await lab.server.must("iptables", ["-A", "INPUT", "-s", source, ...count]);
  await lab.server.must("ip6tables", ["-A", "INPUT", "-s", source6, ...count]);
  await forgeSyn(lab.attacker, source, lab.server.address4, 22);
  await forgeSyn(lab.attacker, source6, lab.server.address6, 22);
  for (const tool of ["iptables", "ip6tables"]) {
    assertMatch(await lab.server.must(tool, ["-vnL", "INPUT"]), /^ +1 +\d+ ACCEPT/m);
  }
});

kernelTest("addRange() and addAddress() give a peer more sources to connect from", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  await lab.addRange(lab.attacker, "10.78.0.0/16");
  await lab.addRange(lab.attacker, "fd78::/48");
  await lab.attacker.addAddress("10.77.99.9");
  await lab.attacker.addAddress("fd77:0:0:99::9");
  const { address4, address6 } = lab.server;
  for (const source of ["10.78.3.4", "10.77.99.9"]) {
    assertEquals(await probe(lab.attacker, address4, 22, 2000, source), "open");
  }
  for (const source of ["fd78:0:0:5::6", "fd77:0:0:99::9"]) {
    assertEquals(await probe(lab.attacker, address6, 22, 2000, source), "open");
  }
});

kernelTest(
  "snapshot() stands still in a namespace nobody changes, and shows a change",
  async () => {
    await using lab = await Lab.create();
    const untouched = await snapshot(lab.server);
    await lab.server.must("iptables", ["-vnL"]);
    assertEquals(await snapshot(lab.server), untouched);
    await lab.server.must("ipset", ["create", "some", "hash:ip", "timeout", "600"]);
    await lab.server.must("ipset", ["add", "some", "10.77.1.1"]);
    await lab.server.must("ip6tables", ["-A", "INPUT", "-p", "tcp", "-j", "DROP"]);
    const changed = await snapshot(lab.server);
    assertMatch(changed, /^add some 10\.77\.1\.1$/m);
    assertMatch(changed, /^-A INPUT -p tcp -j DROP$/m);
    assertEquals(await probe(lab.user, lab.server.address6, 1, 100), "timeout");
    assertEquals(await snapshot(lab.server), changed);
    await lab.server.must("ip6tables", ["-F"]);
    await lab.server.must("ipset", ["destroy"]);
    assertEquals(await snapshot(lab.server), untouched);
  },
);
