import type { Firewall } from "../firewall/firewall.ts";
import type { Clock } from "../os/clock.ts";
import { eventLog } from "../os/event_log.ts";
import type { Machine } from "./machine.ts";

const log = eventLog("firewall");

/** What was taken over from other engines. */
export interface Takeover {
  /** Whether one of them was that of an earlier run, whose bans are in the kernel now. */
  readonly hasBans: boolean;
  /** Removes what they have in the kernel; not before this engine is in place, so that nothing opens. */
  end(): Promise<void>;
}

/** Takes over from other engines: their bans go to this one. */
export async function takeOver(
  firewall: Firewall,
  machine: Pick<Machine, "otherEngines">,
  clock: Clock,
): Promise<Takeover> {
  const replaced: Firewall[] = [];
  let hasBans = false;
  for (const other of await machine.otherEngines(firewall.engine, clock)) {
    await using engine = other;
    const isLoaded = await engine.isLoaded();
    if (!isLoaded && !await holdsAny(engine)) continue;
    for await (const bans of await engine.everyBan() ?? []) await firewall.ban(bans);
    replaced.push(engine);
    hasBans ||= isLoaded;
    log.info("engine_replaced", "took over from another engine", {
      from: engine.engine,
      to: firewall.engine,
    });
  }
  return {
    hasBans,
    end: async () => {
      for (const engine of replaced) await engine.remove(true);
    },
  };
}

/** Whether there is what `c3po ban` or `c3po allow` put in place while nothing ran. */
async function holdsAny(engine: Firewall): Promise<boolean> {
  const { 4: ipv4, 6: ipv6 } = await engine.countBans() ?? { 4: 1, 6: 1 };
  return ipv4 + ipv6 > 0 || (await engine.allowed()).length > 0;
}
