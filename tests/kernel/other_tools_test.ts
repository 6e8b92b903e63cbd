// Machines whose tools say things in other words, or have nothing in the kernel to speak to.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  engineTest,
  type Filter,
  kernelTest,
  Lab,
  login,
  loginNow,
  type Namespace,
  ours,
  snapshot,
  type Sshd,
  startServe,
  startSshd,
} from "./lab.ts";

const IPTABLES_NFT = ["iptables", "ip6tables"].flatMap((name) =>
  ["", "-save", "-restore"].map((part) => `${name}-nft${part}`)
);
const GENERATION = "Could not fetch rule set generation id: Invalid argument";

/** What tools say where the kernel has no part for them. */
const WITHOUT_NF_TABLES: Readonly<Record<string, string>> = {
  nft: "netlink: Error: cache initialization failed: Invalid argument",
  ...Object.fromEntries(
    [...IPTABLES_NFT, "xtables-monitor"].map((name) => [name, `${name}: ${GENERATION}`]),
  ),
};
const WITHOUT_IP_SET = { ipset: "ipset v7.17: Cannot open session to kernel." };

/** On each the first engine that works is used: to choose it is to look at the other one as well. */
const KERNELS: readonly [
  what: string,
  says: Readonly<Record<string, string>>,
  { engine: Filter; broken: string },
][] = [
  ["nf_tables", WITHOUT_NF_TABLES, { engine: "iptables-legacy", broken: "iptables-legacy -F" }],
  ["ip_set", WITHOUT_IP_SET, { engine: "nftables", broken: "nft delete table inet c3po" }],
];

/** A folder of tools that all fail, with what each says; `iptables` is the older one if it is to be. */
async function failing(
  machine: Namespace,
  engine: Filter,
  says: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = join(machine.directory, "tools");
  await Deno.mkdir(folder);
  if (engine === "iptables-legacy") {
    for (const name of ["iptables", "ip6tables"]) {
      for (const part of ["", "-save", "-restore"]) {
        await Deno.symlink(`/usr/sbin/${name}-legacy${part}`, join(folder, `${name}${part}`));
      }
    }
  }
  for (const [name, words] of Object.entries(says)) {
    const script = `#!/bin/sh\necho "${words}" >&2\nexit 1\n`;
    await Deno.writeTextFile(join(folder, name), script, { mode: 0o755 });
  }
  return folder;
}

for (const [what, says, { engine, broken }] of KERNELS) {
  kernelTest(`where the kernel has no ${what}, serve starts, repairs and stops`, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const before = await snapshot(server);
    const tools = await failing(server, engine, says);
    const serve = await startServe(server, { tools });
    const name = engine.replace("-legacy", "");
    assertMatch(serve.child.text(), new RegExp(`event=started .*firewall=${name}`));
    assertEquals(serve.events("forwards_unreadable"), []);
    await enters(user, sshd, server, serve);
    await server.must("sh", ["-c", broken]);
    await serve.event("firewall_restored");
    await enters(user, sshd, server, serve);
    for (const command of ["check", "status"]) {
      const words = server.c3poWords([command]);
      const env = { ...server.c3poEnv(), C3PO_SECRET: "classic:a secret of the check" };
      const within = ["-c", `mount --bind '${tools}' /usr/local/sbin && exec "$@"`, "sh", ...words];
      const { code, stdout, stderr } = await server.run("sh", within, { env });
      assertEquals(code, 0, stdout + stderr);
    }
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(server), before);
  }, engine);
}

/** Is asked whether the kernel would take rules, and does not answer once there is a file `silent` beside it. */
const SILENT_NFT = `#!/bin/sh
case " $* " in
*" -c "*) [ ! -e "\${0%/*}/silent" ] || exec sleep infinity ;;
esac
exec /usr/sbin/nft "$@"
`;

engineTest("an nft that gives no answer is not taken for one that can do less", async (engine) => {
  await using lab = await Lab.create({ peers: ["user"] });
  const { server } = lab;
  const tools = join(server.directory, "tools");
  await Deno.mkdir(tools);
  await Deno.writeTextFile(join(tools, "nft"), SILENT_NFT, { mode: 0o755 });
  const serve = await startServe(server, { engine, tools });
  const whole = ours(await snapshot(server));
  await Deno.writeTextFile(join(tools, "silent"), "");
  const broken = engine === "iptables" ? "iptables -F" : "nft delete table inet c3po";
  await server.must("sh", ["-c", broken]);
  await serve.event("firewall_restored");
  assertEquals(ours(await snapshot(server)), whole);
  assertEquals(serve.events("sessions_not_kept"), []);
  assertEquals((await serve.stop()).code, 0);
});

async function enters(
  user: Namespace,
  sshd: Sshd,
  server: Namespace,
  serve: Parameters<typeof loginNow>[3],
): Promise<void> {
  for (const address of [server.address4, server.address6]) {
    assert(await loginNow(user, sshd, address, serve), address);
    assertEquals(await login(user, sshd, address, sshd.port, 1), false);
  }
}

/** As the cat of uutils words it, that Ubuntu has instead of GNU's. */
const OTHER_CAT = `#!/bin/bash
/usr/bin/cat "$@" 2> >(sed -E 's/(No such file or directory|No such process)$/\\1 (os error 2)/' >&2)
code=$?
wait
exit $code
`;

for (const [engine, stdbuf] of [["iptables", true], ["nftables", false]] as const) {
  kernelTest(`${engine}: with the coreutils of uutils serve starts and stops`, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const before = await snapshot(server);
    const tools = await failing(
      server,
      engine,
      stdbuf ? {} : {
        stdbuf: "-oL: function/utility not found", // that of Debian 13
      },
    );
    await Deno.writeTextFile(join(tools, "cat"), OTHER_CAT, { mode: 0o755 });
    const serve = await startServe(server, { tools });
    assertMatch(serve.child.text(), new RegExp(`event=started .*firewall=${engine}`));
    await enters(user, sshd, server, serve);
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await snapshot(server), before);
  }, engine);
}

/** As guides to WireGuard have it: `iptables-save` shows nothing of a table with such rules in it. */
const NATIVE = `
add table ip nat
add chain ip nat POSTROUTING { type nat hook postrouting priority 100; policy accept; }
add rule ip nat POSTROUTING oifname "wg*" masquerade
`;

engineTest(
  "serve stops beside rules in ip nat that iptables cannot show",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine });
    await server.must("nft", ["-f", "-"], { stdin: NATIVE });
    const theirs = await server.must("nft", ["list", "chain", "ip", "nat", "POSTROUTING"]);
    assertMatch(await server.must("iptables-save", []), /Table `nat' is incompatible/);
    await enters(user, sshd, server, serve);
    assertEquals((await serve.stop()).code, 0);
    assertEquals(await server.must("nft", ["list", "chain", "ip", "nat", "POSTROUTING"]), theirs);
    assertEquals(/c3po/i.test(await server.must("nft", ["list", "ruleset"])), false);
    assertEquals(await server.must("ipset", ["list", "-name"]), "");
    assert(await login(user, sshd, server.address4, sshd.port), "ssh's own port answers again");
  },
);

kernelTest(
  "iptables: where a chain that leads to C3PO's cannot be shown, a stop says what to do",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine: "iptables" });
    await server.must("nft", [
      "add rule ip nat PREROUTING iifname wg9 tcp dport 99 dnat to 192.0.2.9",
    ]);
    assertEquals((await serve.stop()).code, 1);
    assertMatch(
      serve.child.text("stderr"),
      /^c3po: error: iptables cannot read table nat of IPv4: .*\nc3po: hint: /m,
    );
    assertMatch(
      await server.must("nft", ["list", "ruleset"]),
      /jump C3PO-/,
      "what it cannot see it leaves",
    );
    await server.must("nft", ["flush chain ip nat PREROUTING"]);
    assertEquals((await server.c3po(["serve", "--undo"])).code, 0);
    assertEquals(/c3po/i.test(await server.must("nft", ["list", "ruleset"])), false);
    assertEquals(await server.must("ipset", ["list", "-name"]), "");
    assert(await login(user, sshd, server.address4, sshd.port), "ssh's own port answers again");
  },
);
