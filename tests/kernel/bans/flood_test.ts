import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  banAll,
  engineTest,
  Lab,
  type Namespace,
  probeAll,
  ssh,
  startServe,
  startSshd,
  syn,
} from "../lab.ts";
import { TRAP, TRIPWIRE } from "./tripwire.ts";

const FLOODER = fromFileUrl(new URL("./flooder.ts", import.meta.url));

/** As many addresses from 20.0.0.0 on. */
const CROWD = 500_000;
/** As many of each family take part in the flood. */
const FLOOD = 50_000;

/** Who is banned before the flood. */
function crowd(): string[] {
  return Array.from({ length: CROWD }, (_, i) => `20.${i >> 16}.${i >> 8 & 255}.${i & 255}`);
}

/** How many of some sources, picked from all over them, are banned: they meet a closed port. */
async function countBanned(
  attacker: Namespace,
  address: string,
  sources: readonly string[],
): Promise<number> {
  const targets = sources.map((source) => ({ address, port: TRAP, timeoutMs: 30_000, source }));
  const met = await probeAll(attacker, targets);
  return met.filter((reach) => reach === "refused").length;
}

/** So many numbers below another, evenly spread, with the first and the last of them. */
function spread(count: number, below: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round(i * (below - 1) / (count - 1)));
}

/** How many bans are saved at least: nftables lists so many too slowly, so what is remembered has to do. */
const SAVED: Readonly<Record<string, number>> = {
  iptables: CROWD + 2 * FLOOD - 20,
  nftables: 10_000,
};

/** Addresses to look at; each may have been the one that had to make room, but hardly more. */
const SAMPLE = 500;

engineTest(
  "a flood of a hundred thousand sources changes nothing for the innocent",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine, args: TRIPWIRE });
    await lab.addRange(attacker, "10.128.0.0/9");
    await lab.addRange(attacker, "20.0.0.0/8");
    await lab.addRange(attacker, "fd80::/16");
    await banAll(server, engine, crowd());

    const floods = [[server.address4, "10.130.0.0"], [server.address6, "fd80::1"]]
      .map(([target, first]) =>
        attacker.spawn(Deno.execPath(), [
          ...["run", "--no-prompt", "-A", FLOODER],
          ...[target!, String(TRAP), first!, String(FLOOD)],
        ])
      );
    let over = false;
    const ended = Promise.all(floods.map((flood) => flood.status)).finally(() => over = true);
    let logins = 0;
    do {
      for (const address of [server.address4, server.address6]) {
        const { ssh: port } = await serve.ports(0);
        const { code, stderr } = await ssh(user, sshd, address, port, ["true"]);
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        logins++;
      }
    } while (!over);
    for (const { success } of await ended) assert(success);

    assertEquals(await syn(attacker, server.address4, TRAP), "open");
    assertEquals(await syn(attacker, server.address4, TRAP), "closed");
    await serve.event("bans_suppressed", /suppressed=\d{3,}$/);
    const lines = serve.events("ban").length;
    assert(lines < 1000, `${lines} lines about ${logins} logins`);

    // Everybody who touched the trap is banned, and nobody who was banned before has been let go. But for a few:
    // one bucket of a hash may be full, and an old ban makes room there.
    const before = crowd();
    const samples = [
      [server.address4, spread(SAMPLE, CROWD).map((i) => before[i]!)],
      [server.address4, spread(SAMPLE, FLOOD).map((i) => `10.130.${i >> 8}.${i & 255}`)],
      [server.address6, spread(SAMPLE, FLOOD).map((i) => `fd80:0:0:${i.toString(16)}::1`)],
    ] as const;
    for (const [address, sources] of samples) {
      assert(await countBanned(attacker, address, sources) >= SAMPLE - 2, sources[0]);
    }
    await serve.stop();
    const saved = Number(
      /\nend (\d+)\n$/.exec(await Deno.readTextFile(`${server.stateDirectory}/bans`))![1],
    );
    assert(saved > SAVED[engine]!, `${saved} bans saved`);
  },
);
