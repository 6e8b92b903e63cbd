import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Limitation } from "../../../src/firewall/firewall.ts";
import { openWindow, policy } from "../../firewall/nftables/sample.ts";
import { type Child, type Namespace, nftablesTest, waitFor } from "../lab.ts";
import { NftWorld } from "./world.ts";

const TALKER = fromFileUrl(new URL("./talker.ts", import.meta.url));

/** Opens a session on which something is always being said. */
async function busySession(
  world: NftWorld,
  peer: Namespace,
  port: number,
  { family = 4, silent = false }: { family?: 4 | 6; silent?: boolean } = {},
): Promise<Child> {
  const address = family === 4 ? world.server.address4 : world.server.address6;
  const more = silent ? ["silent"] : [];
  const args = ["run", "--no-prompt", "-A", TALKER, address, String(port), ...more];
  const talker = peer.spawn(Deno.execPath(), args);
  await talker.waitForLine(/^alive/);
  return talker;
}

async function assertAlive(talker: Child, when: string): Promise<void> {
  await talker.waitForLine(/^alive/, undefined, talker.lines.length);
  assert(!talker.text().includes("dead"), when);
}

for (const early of [1, 0]) {
  nftablesTest(`a session from before the start lives on, with early demux ${early}`, async () => {
    await using world = await NftWorld.create();
    const { engine, lab } = world;
    await lab.server.must("sysctl", ["-qw", `net.ipv4.tcp_early_demux=${early}`]);
    const talker = await busySession(world, lab.user, 22);
    for (const scope of ["ssh", "all"] as const) {
      await engine.call("load", policy({ scope }), [openWindow()]);
      const address = { family: 4, text: lab.user.address4 };
      assertEquals(await engine.call("ban", [{ address, seconds: 600 }]), []);
      await assertAlive(talker, `with scope ${scope}`);
    }
  });
}

nftablesTest("a busy session outlives a flush of all rules and their return", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await engine.call("load", policy(), [openWindow()]);
  const talker = await busySession(world, lab.user, 4000);
  for (let i = 0; i < 3; i++) {
    await lab.server.must("nft", ["flush", "ruleset"]);
    await assertAlive(talker, "without rules");
    await engine.call("load", policy(), [openWindow()]);
    await assertAlive(talker, "with them again");
  }
});

nftablesTest("a busy session outlives the end, what keeps it goes with it", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await engine.call("load", policy(), [openWindow()]);
  const talker = await busySession(world, lab.user, 4000);
  await engine.call("remove");
  await assertAlive(talker, "after the rules are removed");
  assertEquals(await engine.call("isLoaded"), false);
  assertEquals((await tables(world)).length, 1);
  await engine.call("load", policy(), [openWindow()]);
  await assertAlive(talker, "at the next start");
  assertEquals(await tables(world), ["table inet c3po", "table inet c3po-anchor"]);
  await engine.call("remove");
  await talker.stop();
  await engine.call("remove");
  assertEquals(await tables(world), []);
});

nftablesTest("nothing is left to keep sessions where other rules do so anyway", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  await world.nft(`table inet other {
    chain nat { type nat hook postrouting priority srcnat; oifname "none" masquerade
    }
    chain input { type filter hook input priority 0; ct state established accept
    }
  }\n`);
  await engine.call("load", policy(), [openWindow()]);
  const talker = await busySession(world, lab.user, 4000);
  await engine.call("remove");
  await assertAlive(talker, "after the rules are removed");
  assertEquals(await tables(world), ["table inet other"]);
});

for (const word of ["service", "ticker"]) {
  nftablesTest(
    `a session lives on when the kernel forgets all connections, with a ${word}`,
    async () => {
      await using world = await NftWorld.create({ word });
      const { engine, lab } = world;
      await engine.call("load", policy(), [openWindow()]);
      const silent = word === "ticker";
      // Before nft 1.0.7 that of IPv6 does not, and the engine says so.
      const { limitations } = await engine.call("examine");
      const families = limitations.some((each: Limitation) => /IPv6/.test(each.what))
        ? [4]
        : [4, 6];
      const talkers = await Promise.all(
        families.map((family) =>
          busySession(world, lab.user, 4000, { family: family as 4 | 6, silent })
        ),
      );
      // Also when its port is long closed, and whoever has it is banned.
      await engine.call("open", [openWindow({ doors: [] })]);
      const address = { family: 4, text: lab.user.address4 };
      assertEquals(await engine.call("ban", [{ address, seconds: 600 }]), []);
      for (let i = 0; i < 5; i++) {
        await lab.server.must("conntrack", ["-F"]);
        for (const talker of talkers) await assertAlive(talker, `after ${i + 1} times`);
      }
    },
  );
}

nftablesTest("no helper process outlives the engine, not even one that is killed", async () => {
  await using world = await NftWorld.create();
  const { engine, lab } = world;
  const helpers = async (): Promise<string[]> => {
    const pids = (await lab.server.must("ip", ["netns", "pids", lab.server.netns])).split("\n");
    const names = await lab.server.run("ps", ["-o", "args=", "-p", pids.filter(Boolean).join(",")]);
    return names.stdout.split("\n").filter((line) => line.endsWith("nft -j -i"));
  };
  await engine.call("load", policy(), [openWindow()]);
  await engine.call("look");
  assertEquals((await helpers()).length, 1);
  await engine.kill();
  await waitFor(async () => (await helpers()).length === 0, { what: "end of the helper" });
  assertEquals(await tables(world), ["table inet c3po"]);
});

async function tables(world: NftWorld): Promise<string[]> {
  const text = await world.server.must("nft", ["list", "tables"]);
  return text.split("\n").filter((line) => line !== "").sort();
}
