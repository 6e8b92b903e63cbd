import type { Firewall } from "../../src/firewall/firewall.ts";
import type { Policy } from "../../src/firewall/policy.ts";
import { IptablesFirewall } from "../../src/firewall/iptables/engine.ts";
import { NftablesFirewall } from "../../src/firewall/nftables/engine.ts";
import { systemClock } from "../../src/os/clock.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { type Window, windowsOf } from "../../src/schedule/windows.ts";
import { Lab, loadPrinted } from "../../tests/kernel/lab.ts";
import { quantile } from "../side/harness/stats.ts";
import { round, timed } from "./measure.ts";

const TURNS = 5;
const MINUTES = 12;
const POLICY: Policy = {
  services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
  tarpitPort: 61_023,
  trigger: "syn",
  scope: "ssh",
  banSeconds: 900,
  openFirewall: false,
  shares: false,
};

/** What ten minutes in advance cost with few and with many traps: computed, and loaded with all rules. */
export async function traps() {
  const schedule = await Schedule.of(parseKey("classic:bench"));
  const engines: readonly Firewall[] = [
    new IptablesFirewall({ clock: systemClock }),
    new NftablesFirewall(),
  ];
  const found = [];
  for (const count of [15, 4095]) {
    for (const firewall of engines) {
      await using lab = await Lab.create({ peers: [] });
      const times: Record<"compute" | "load", number[]> = { compute: [], load: [] };
      for (let turn = 0; turn < TURNS; turn++) {
        let windows: readonly Window[] = [];
        const first = minuteAt(Date.now()) + turn;
        times.compute.push(
          await timed(async () => windows = await compute(schedule, first, count)),
        );
        const text = await firewall.preview(POLICY, windows);
        times.load.push(await timed(() => loadPrinted(lab.server, firewall.engine, text)));
        await lab.server.c3po(["serve", "--undo"]);
      }
      found.push({
        traps: count,
        engine: firewall.engine,
        computeMs: round(quantile(times.compute, 0.5), 1),
        loadMs: round(quantile(times.load, 0.5), 1),
      });
    }
  }
  return found;
}

async function compute(
  schedule: Schedule,
  first: number,
  traps: number,
): Promise<readonly Window[]> {
  const plans = await Promise.all(Array.from({ length: MINUTES }, async (_, i) => {
    const ports = await schedule.ports(first + i, traps);
    const doors = [{ service: "ssh", port: ports.ssh, user: "default" }];
    return { minute: first + i, doors, traps: ports.traps };
  }));
  const none = new Set<number>();
  const own = new Set([22, 61_023]);
  return windowsOf(plans, { grace: 15, taken: none, occupied: none, tripwires: [], own }).windows;
}
