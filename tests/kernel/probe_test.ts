// A probe: what is in effect, by real connections, whatever was intended.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Finding } from "../../src/os/finding.ts";
import {
  engineTest,
  type Filter,
  kernelTest,
  Lab,
  loginNow,
  spawnServe,
  startServe,
  startSshd,
  waitFor,
} from "./lab.ts";
import { PROBE_RANGES } from "../../src/os/probe_addresses.ts";

async function check(lab: Lab, engine: Filter, args: string[] = []): Promise<Finding[]> {
  const { stdout, stderr } = await lab.server.c3po(["check", "--json", ...args], {
    env: { C3PO_SECRET: "classic:a secret of the check", C3PO_FIREWALL: engine },
  });
  assertEquals(stderr, "");
  return JSON.parse(stdout).findings;
}

async function probed(lab: Lab, engine: Filter): Promise<string[]> {
  const findings = await check(lab, engine, ["--probe"]);
  const links = await lab.server.must("ip", ["-o", "link"]);
  assert(!links.includes("c3po-probe"), links);
  return findings.filter(({ what }) => what === "probe").map(({ grade, found }) =>
    `${grade}: ${found}`
  );
}

/** Waits until `serve` has told of itself. */
async function reported(lab: Lab): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await Array.fromAsync(Deno.readDir(lab.server.runtimeDirectory))).some(({ name }) =>
      name.endsWith(".json")
    );
  await waitFor(isThere, { what: "a report" });
}

const WELL = [4, 6].map((family) =>
  `ok: IPv${family}: the port of the minute reaches sshd, a trap bans, port 22 is hidden`
);

engineTest("a probe tells that all works, and leaves no ban and no trace", async (engine) => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine });
  await reported(lab);
  assertEquals(await probed(lab, engine), WELL);
  for (const family of [4, 6] as const) {
    const [, ban] = PROBE_RANGES[family].guests;
    const bans = JSON.parse((await lab.server.c3po(["ban", "list", "--json"])).stdout);
    assertEquals(bans.filter(({ address }: { address: string }) => ban.startsWith(address)), []);
  }
  assertEquals(serve.events("ban"), []);
  assertEquals(serve.events("firewall_drift"), []);
});

/** A rule that keeps connections from being tracked, of the kind that goes with an engine. */
const UNTRACKED: Readonly<Record<string, string>> = {
  iptables:
    "for tool in iptables ip6tables; do $tool -t raw -A PREROUTING -p tcp -j CT --notrack; done",
  nftables:
    "nft 'add table inet fast; add chain inet fast pre { type filter hook prerouting priority -300; }; " +
    "add chain inet fast every; add rule inet fast every notrack; " +
    "add rule inet fast pre meta l4proto vmap { tcp : jump every }'",
};

engineTest(
  "NOTRACK is named by serve and check, a probe shows it, and a start is refused",
  async (engine) => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine });
    await lab.server.must("sh", ["-c", UNTRACKED[engine]!]);
    assertMatch(await serve.event("firewall_shut"), /none of C3PO's ports can lead to sshd/);
    const findings = await check(lab, engine, ["--probe"]);
    assert(findings.some(({ grade, what }) => grade === "fail" && what === "rules"));
    const probes = findings.filter(({ what }) => what === "probe").map(({ grade }) => grade);
    assertEquals(probes, ["fail", "fail"]);
    assertEquals((await serve.stop()).code, 0);
    const refused = await spawnServe(lab.server, { engine });
    assertEquals((await refused.child.finished()).code, 1);
    assertMatch(refused.child.text(), /^c3po: error: SSH would be shut: /m);
  },
);

kernelTest(
  "iptables: an ACCEPT before C3PO's rules in nat is named, and a start is refused",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine: "iptables" });
    for (const tool of ["iptables", "ip6tables"]) {
      await server.must(tool, ["-t", "nat", "-I", "PREROUTING", "-j", "ACCEPT"]);
    }
    assertMatch(await serve.event("firewall_shut"), /none of C3PO's ports can lead to sshd/);
    assertEquals((await serve.stop()).code, 0);
    const refused = await spawnServe(server, { engine: "iptables" });
    assertEquals((await refused.child.finished()).code, 1);
    const [, remedy] = /hint: use (c3po serve --firewall \w+)/.exec(refused.child.text())!;
    assertEquals(remedy, "c3po serve --firewall nftables");
    const other = await startServe(server, { engine: "nftables" });
    assert(await loginNow(user, sshd, server.address4, other));
    assertEquals((await other.stop()).code, 0);
  },
);

engineTest("a probe shows rules that are lost, whatever serve believes", async (engine) => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine });
  await reported(lab);
  serve.child.kill("SIGSTOP");
  for (
    const table of [
      "inet c3po",
      "ip filter",
      "ip mangle",
      "ip nat",
      "ip6 filter",
      "ip6 mangle",
      "ip6 nat",
    ]
  ) {
    await lab.server.run("nft", ["flush", "table", ...table.split(" ")]);
  }
  const found = "port 22 reaches sshd though it should be hidden";
  assertEquals(await probed(lab, engine), [4, 6].map((family) => `fail: IPv${family}: ${found}`));
  serve.child.kill("SIGCONT");
  await serve.event("firewall_restored");
  assertEquals(await probed(lab, engine), WELL);
});

engineTest(
  "serve probes by itself where it is told to, after the start and a repair",
  async (engine) => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine, args: ["--probe"] });
    await serve.event("probe_passed", "IPv4: the port of the minute reaches sshd");
    await serve.event("probe_passed", "IPv6: the port of the minute reaches sshd");
    const from = serve.child.lines.length;
    await lab.server.must("nft", ["flush", "ruleset"]);
    await serve.event("probe_passed", "IPv4: the port of the minute reaches sshd", from);
    assertEquals(serve.events("ban"), []);
  },
);

engineTest("an sshd that listens on one address only is found by all of them", async (engine) => {
  await using lab = await Lab.create();
  const { server, attacker } = lab;
  await startSshd(server, { config: [`ListenAddress ${server.address4}`] });
  const serve = await startServe(server, { engine });
  await reported(lab);
  const findings = await check(lab, engine, ["--probe"]);
  const told = (what: string): string =>
    findings.filter((each) => each.what === what).map(({ found }) => found).join("\n");
  assertMatch(told("sshd"), /^listens on port 22 \(SSH-2\.0-OpenSSH/);
  assertMatch(told("probe"), /^IPv4: the port of the minute reaches sshd, a trap bans/);
  assertMatch(told("probe"), /^IPv6: a trap bans, port 22 is hidden, sshd does not listen$/m);
  assertEquals(serve.events("sshd_silent"), []);
  const { traps: [trap] } = await serve.ports();
  const greeting = await attacker.must("timeout", [
    "20",
    "bash",
    "-c",
    `exec 3<>/dev/tcp/${server.address4}/${trap}; read -r line <&3; echo "$line"`,
  ]);
  const [, banner] = /\((SSH-[^)]+)\)/.exec(told("sshd"))!;
  assertEquals(greeting.trim(), banner);
});
