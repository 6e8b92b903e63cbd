// A firewall that is saved while C3PO runs, as netfilter-persistent and people do it, loads at the next boot.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  kernelTest,
  Lab,
  loginNow,
  must,
  type Namespace,
  nftablesTest,
  startServe,
  startSshd,
} from "./lab.ts";

const DATABASE = "-A INPUT -p tcp -m tcp --dport 3306 -j DROP";

/** Puts an /etc in place, of this one command alone, that has these files besides. */
function amongFiles(machine: Namespace, files: Readonly<Record<string, string>>): string {
  const layer = join(machine.directory, "etc");
  const copies = Object.entries(files).map(([path, from]) =>
    `mkdir -p "$(dirname '${path}')" && cp '${from}' '${path}'`
  );
  return [
    `mkdir -p '${layer}' && mount -t tmpfs none '${layer}' && mkdir '${layer}/up' '${layer}/work'`,
    `mount -t overlay overlay -o 'lowerdir=/etc,upperdir=${layer}/up,workdir=${layer}/work' /etc`,
    ...copies,
  ].join(" && ");
}

/** What a boot leaves of rules and sets. */
async function boot(machine: Namespace): Promise<void> {
  await machine.must("nft", ["flush", "ruleset"]);
  const sets = (await machine.must("ipset", ["list", "-name"])).split("\n").filter(Boolean);
  for (const set of sets) await machine.must("ipset", ["destroy", set]);
}

async function c3po(machine: Namespace, prepare: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await machine.run("sh", [
    "-c",
    `${prepare} && exec "$@"`,
    "sh",
    ...c3poCommand(),
    ...args,
  ], {
    env: {
      C3PO_SECRET: "classic:a secret of the check",
      RUNTIME_DIRECTORY: machine.runtimeDirectory,
      STATE_DIRECTORY: machine.stateDirectory,
    },
  });
  assertEquals(stderr, "");
  return stdout;
}

kernelTest(
  "iptables: rules saved while serve runs load at the next boot, once their sets are made",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const programs = ["iptables", "ip6tables"];
    for (const tool of programs) await server.must(tool, DATABASE.split(" "));
    const first = await startServe(server, { engine: "iptables" });
    const files: Record<string, string> = {};
    for (const [at, tool] of programs.entries()) {
      const file = join(server.directory, `rules.v${at === 0 ? 4 : 6}`);
      await Deno.writeTextFile(file, await server.must(`${tool}-save`, []));
      files[`/etc/iptables/rules.v${at === 0 ? 4 : 6}`] = file;
    }
    const among = amongFiles(server, files);
    const ban = "192.0.2.77";
    assertEquals((await server.c3po(["ban", "add", ban, "--for", "2h"])).code, 0);
    const { findings } = JSON.parse(await c3po(server, among, ["check", "--json"]));
    assertMatch(JSON.stringify(findings), /rules\.v6.{1,3} was saved with C3PO's rules in it/);
    assertEquals((await first.stop()).code, 0);
    await boot(server);
    const load = (tool: string, file: string) =>
      server.run("sh", ["-c", `exec ${tool}-restore <'${file}'`]);
    const [saved4, saved6] = Object.values(files);
    assertMatch((await load("iptables", saved4!)).stderr, /Set c3po-\S+ doesn't exist/);
    await c3po(server, among, ["serve", "--sets"]);
    assertEquals((await load("iptables", saved4!)).code, 0);
    assertEquals((await load("ip6tables", saved6!)).code, 0);
    for (const tool of programs) {
      assertStringIncludes(await server.must(`${tool}-save`, []), `${DATABASE}\n`);
    }
    // The sets are empty and hold nothing that was running: the bans that were kept are the newer ones.
    const second = await startServe(server, { engine: "iptables" });
    assert(await loginNow(user, sshd, server.address4, second));
    assertStringIncludes((await server.c3po(["ban", "list"])).stdout, ban);
    assertEquals((await second.stop()).code, 0);
    const left = await must("ip", ["netns", "exec", server.netns, "iptables-save"]);
    assert(!left.includes("C3PO-") && left.includes(DATABASE), left);
  },
);

nftablesTest(
  "nftables: rules saved while serve runs load at the next boot as they are",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    await server.must("nft", [
      "add table inet admin; add chain inet admin before { type filter hook input priority 0; }; " +
      "add rule inet admin before tcp dport 3306 drop",
    ]);
    const first = await startServe(server, { engine: "nftables" });
    const file = join(server.directory, "nftables.conf");
    await Deno.writeTextFile(file, await server.must("nft", ["list", "ruleset"]));
    assertEquals((await first.stop()).code, 0);
    await boot(server);
    await server.must("nft", ["-f", file]);
    assertStringIncludes(await server.must("nft", ["list", "table", "inet", "admin"]), "3306");
    const findings = await c3po(server, amongFiles(server, { "/etc/nftables.conf": file }), [
      "check",
      "--json",
    ]);
    assert(!findings.includes("saved with C3PO's rules"), findings);
    const second = await startServe(server, { engine: "nftables" });
    assert(await loginNow(user, sshd, server.address4, second));
    assertEquals((await second.stop()).code, 0);
    assertStringIncludes(await server.must("nft", ["list", "ruleset"]), "3306");
  },
);
