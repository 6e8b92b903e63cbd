import { assertEquals, assertStringIncludes } from "@std/assert";
import { openWindow, policy } from "../../firewall/nftables/sample.ts";
import { nftablesTest } from "../lab.ts";
import { listen, NftWorld } from "./world.ts";

const OPEN = policy({ openFirewall: true });
const NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";

/** Chains that deny by default, as distributions and people have them. */
const DENYING: Readonly<Record<string, string>> = {
  "a policy that drops": `table inet other {
    chain input {
      type filter hook input priority filter; policy drop;
      iif lo accept
      ct state established,related accept
      ${NEIGHBOURS}
    }
  }\n`,
  "a last rule that rejects": `table inet other {
    chain input {
      type filter hook input priority filter + 20; policy accept;
      ct state vmap { established : accept, related : accept, invalid : drop }
      iifname lo accept
      ${NEIGHBOURS}
      jump allow
      reject with icmpx admin-prohibited
    }
    chain allow {
      tcp dport 443 accept
    }
  }\n`,
  "a limit before the policy": `table inet other {
    chain input {
      type filter hook input priority filter; policy drop;
      ct state { established, related } accept
      ${NEIGHBOURS}
      meta pkttype host limit rate 5/second counter reject with icmpx admin-prohibited
      counter
    }
  }\n`,
};

for (const [name, text] of Object.entries(DENYING)) {
  nftablesTest(`${name} is told, and let in through if that is wanted`, async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await world.nft(text);
    await engine.call("load", policy(), [openWindow()]);
    const [obstacle] = await engine.call("obstacles", policy());
    assertStringIncludes(obstacle.what, "inet other input");
    for (const family of [4, 6] as const) {
      assertEquals(await world.meets(lab.user, 4000, family) !== "service", true);
    }
    await engine.call("load", OPEN, [openWindow()]);
    assertEquals(await engine.call("obstacles", OPEN), []);
    assertEquals(await engine.call("drift"), []);
    for (const family of [4, 6] as const) {
      assertEquals(await world.meets(lab.user, 4000, family), "service");
      assertEquals(await world.meets(lab.user, 22, family) !== "service", true);
      assertEquals(await world.meets(lab.attacker, 5000, family), "tarpit");
    }
    // Another tool loads its rules again.
    await world.nft(`delete table inet other\n${text}`);
    assertEquals(await engine.call("drift"), [
      { kind: "rules", what: "what lets in through inet other input" },
    ]);
    await engine.call("load", OPEN, [openWindow()]);
    assertEquals(await world.meets(lab.user, 4000), "service");
    await engine.call("remove");
    assertEquals(
      (await lab.server.must("nft", ["list", "ruleset"])).includes("c3po-let-in"),
      false,
    );
  });
}

nftablesTest("the command that the obstacle names lets in", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await world.nft(DENYING["a last rule that rejects"]!);
  await engine.call("load", policy(), [openWindow()]);
  const [{ remedy }] = await engine.call("obstacles", policy());
  await lab.server.must("sh", ["-c", remedy]);
  assertEquals(await engine.call("obstacles", policy()), []);
  assertEquals(await world.meets(lab.user, 4000), "service");
});

nftablesTest(
  "whom others shut out by their address stays out, however far the firewall is opened",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await world.nft(`table inet other {
    chain input {
      type filter hook input priority filter; policy drop;
      ip saddr ${lab.attacker.address4} drop
      ${NEIGHBOURS}
    }
  }
  table inet jail {
    chain input {
      type filter hook input priority filter - 1; policy accept;
      ip6 saddr ${lab.attacker.address6} tcp dport 22 reject
    }
  }\n`);
    await engine.call("load", OPEN, [openWindow()]);
    for (const family of [4, 6] as const) {
      assertEquals(await world.meets(lab.user, 4000, family), "service");
      assertEquals(await world.meets(lab.attacker, 4000, family) !== "service", true);
    }
  },
);

for (const kind of ["nft", "legacy"]) {
  nftablesTest(
    `iptables-${kind} that denies is opened by its own tool, which can read it still`,
    async () => {
      await using world = await NftWorld.create();
      const { engine, lab } = world;
      const tools = [`iptables-${kind}`, `ip6tables-${kind}`];
      for (const tool of tools) {
        await lab.server.must(tool, ["-P", "INPUT", "DROP"]);
        await lab.server.must(tool, [
          "-A",
          "INPUT",
          "-m",
          "conntrack",
          "--ctstate",
          "RELATED,ESTABLISHED",
          "-j",
          "ACCEPT",
        ]);
        if (tool.startsWith("ip6")) {
          await lab.server.must(tool, ["-A", "INPUT", "-p", "icmpv6", "-j", "ACCEPT"]);
        }
      }
      const saved = async () => {
        const texts = await Promise.all(
          tools.map((tool) => lab.server.must(`${tool}-save`, ["-t", "filter"])),
        );
        return texts.join("").replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "");
      };
      const before = await saved();
      await engine.call("load", policy(), [openWindow()]);
      assertEquals((await engine.call("obstacles", policy())).length, 2);
      assertEquals(await world.meets(lab.user, 4000), "silence");
      await engine.call("load", OPEN, [openWindow()]);
      assertEquals(await engine.call("obstacles", OPEN), []);
      for (const family of [4, 6] as const) {
        assertEquals(await world.meets(lab.user, 4000, family), "service");
        assertEquals(await world.meets(lab.user, 22, family), "silence");
      }
      assertStringIncludes(await saved(), "--comment c3po-let-in");
      await engine.call("remove");
      assertEquals(await saved(), before);
    },
  );
}

nftablesTest("ports that others forward are found in every form, and they win them", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await listen(lab.server, "::", 8080, "forwarded");
  await world.nft(`table inet web {
    map ports {
      type inet_proto . inet_service : verdict
      elements = { tcp . 30080 : goto service, udp . 30081 : goto service }
    }
    chain pre {
      type nat hook prerouting priority dstnat + 10; policy accept;
      fib daddr type local meta l4proto . th dport vmap @ports
      tcp dport { 30090-30091 } redirect to :8080
    }
    chain service {
      meta l4proto tcp redirect to :8080
    }
  }\n`);
  const rule = ["-p", "tcp", "--dport", "30100", "-j", "REDIRECT", "--to-ports", "8080"];
  await lab.server.must("iptables-nft", ["-t", "nat", "-A", "PREROUTING", ...rule]);
  // Its lock is one for all namespaces.
  const legacy = ["-w", "-t", "nat", "-A", "PREROUTING", ...rule.with(3, "30101")];
  await lab.server.must("iptables-legacy", legacy);
  const { ports, unreadable } = await engine.call("forwards");
  assertEquals([ports.sort(), unreadable], [[30080, 30090, 30091, 30100, 30101], []]);
  // Even where a window names them.
  const traps = [30080, 30090, 30100];
  await engine.call("load", policy(), [openWindow({ traps })]);
  for (const port of traps) assertEquals(await world.meets(lab.user, port), "forwarded", `${port}`);
  assertEquals(await engine.call("bans", 10), []);
});

nftablesTest(
  "a table of another layout is replaced, and what others put into ours goes",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await world.nft(
      "table inet c3po { set ban4 { type ipv6_addr; }; chain nat { }; chain old { }; }\n",
    );
    assertEquals(await engine.call("adopt"), false);
    await world.nft(
      "table inet c3po { set ban4 { type ipv6_addr; }; chain nat { }; chain old { }; }\n",
    );
    await engine.call("load", policy({ scope: "all" }), [openWindow()]);
    const once = await lab.server.must("nft", ["-s", "list", "table", "inet", "c3po"]);
    assertEquals(await engine.call("drift"), []);
    await world.nft(
      "table inet c3po { chain old { tcp dport 1 drop; }; chain input { accept; }; }\n",
    );
    assertEquals((await engine.call("drift")).length, 2);
    await engine.call("load", policy(), [openWindow()]);
    await engine.call("load", policy({ scope: "all" }), [openWindow()]);
    assertEquals(await engine.call("drift"), []);
    const text = (listing: string) => listing.replace(/"20\d\d-[^"]*"/g, "TIME").split("\n").sort();
    assertEquals(
      text(await lab.server.must("nft", ["-s", "list", "table", "inet", "c3po"])),
      text(once),
    );
  },
);

nftablesTest(
  "other tables are read beside the one that C3PO owns, also by an nft that garbles it",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await engine.call("load", policy(), [openWindow()]);
    // Then the owned table comes first, and nft 1.0.6 prints what stands behind it in its memory.
    await lab.server.must("nft", ["flush", "ruleset"]);
    const redirect = "tcp dport 7000 redirect to :22";
    for (const table of ["ip one", "inet two"]) {
      await world.nft(
        `table ${table} { chain x { type nat hook prerouting priority dstnat; ${redirect}; }; }\n`,
      );
      assertEquals(await engine.call("forwards"), { ports: [7000], unreadable: [] });
    }
    await lab.server.must("nft", ["flush", "ruleset"]);
    assertEquals(await engine.call("forwards"), { ports: [], unreadable: [] });
    await engine.call("load", policy(), [openWindow()]);
  },
);
