import { assertEquals } from "@std/assert";
import { openWindow, policy } from "../../firewall/nftables/sample.ts";
import { type Namespace, nftablesTest, nmapScan } from "../lab.ts";
import { goOnElsewhere } from "./go_on.ts";
import { NftWorld } from "./world.ts";

/** As {@linkcode goOnElsewhere}, from the door of the laboratory. */
function goOnAtHiddenPort(
  { server }: NftWorld,
  peer: Namespace,
  meanwhile?: () => Promise<unknown>,
): Promise<string> {
  return goOnElsewhere(server, peer, { door: 4000, ...meanwhile && { meanwhile } });
}

const SHOWN = [{ name: "ssh", port: 22, hidden: false, fail: "open" }] as const;

for (const address of ["::", "10.77.0.1"]) {
  nftablesTest(
    `a bare ACK with a good cookie opens no connection to a port at ${address}`,
    async () => {
      await using world = await NftWorld.create({ address });
      const { engine, lab } = world;
      // Of a port that is not hidden the door is not the only way in: so it is the rules that stop it.
      await engine.call("load", policy({ services: SHOWN }), [openWindow()]);
      assertEquals(await goOnAtHiddenPort(world, lab.attacker), "service");
      await engine.call("load", policy(), [openWindow()]);
      assertEquals(await goOnAtHiddenPort(world, lab.attacker), "refused");
      assertEquals(await world.meets(lab.user, 4000), "service");
    },
  );
}

nftablesTest(
  "a banned address opens none with a bare ACK to a port that is not hidden",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await engine.call("load", policy({ services: SHOWN }), [openWindow()]);
    const address = { family: 4, text: lab.attacker.address4 };
    const ban = () => engine.call("ban", [{ address, seconds: 600 }]);
    assertEquals(await goOnAtHiddenPort(world, lab.attacker, ban), "refused");
  },
);

nftablesTest(
  "what opens no connection meets the hidden port and the tarpit's as a closed one",
  async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await engine.call("load", policy(), [openWindow()]);
    for (const address of [lab.server.address4, lab.server.address6]) {
      for (const type of ["sF", "sN", "sX", "sA"] as const) {
        const states = await nmapScan(lab.attacker, address, {
          ports: "22,61023,7777",
          type,
        });
        assertEquals(states.get(22), states.get(7777), `${type} to 22 of ${address}`);
        assertEquals(states.get(61_023), states.get(7777), `${type} to 61023 of ${address}`);
      }
      const syn = await nmapScan(lab.attacker, address, { ports: "61023" });
      assertEquals(syn.get(61_023), "closed");
    }
    assertEquals(await engine.call("bans", 10), []);
  },
);

nftablesTest("where closed ports are silent, so is the tarpit's own", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await world.nft(`table inet other { chain input { type filter hook input priority 0; policy drop;
    tcp dport 22 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }; }\n`);
  await engine.call("load", policy(), [openWindow()]);
  for (const address of [lab.server.address4, lab.server.address6]) {
    for (const type of ["sS", "sA", "sF"] as const) {
      const states = await nmapScan(lab.attacker, address, {
        ports: "61023,7777",
        type,
      });
      assertEquals(states.get(61_023), states.get(7777), `${type} to ${address}`);
    }
  }
  assertEquals(await world.meets(lab.user, 4000), "service");
});
