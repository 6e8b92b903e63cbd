import { sizeOf } from "../../schedule/ports.ts";
import { minuteAt } from "../../schedule/minute.ts";
import type { PortPlanner } from "../../users/port_planner.ts";
import type { ServerConfig } from "../options.ts";
import { forgedPackets } from "../share_settings.ts";

/** A quorum of reports of SYNs, and what it is worth. */
export interface Quorum {
  /** How many members have to report an address. */
  readonly members: number;
  /** How many forged packets, on average, have a stranger banned. */
  readonly packets: number;
}

/** The quorum of a configuration; null if it has none. @param now unix milliseconds */
export async function quorumOf(
  { share }: Pick<ServerConfig, "share">,
  planner: PortPlanner,
  now: number,
): Promise<Quorum | null> {
  const apply = share?.apply;
  if (typeof apply !== "object") return null;
  const { traps } = await planner.plan(minuteAt(now));
  return {
    members: apply.quorum,
    packets: forgedPackets(apply.quorum, sizeOf(planner.range), traps.length),
  };
}
