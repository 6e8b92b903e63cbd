import { hasEarlyDemux } from "../../os/procfs.ts";
import { ToolFailure, wasAnswer } from "../../os/tool_failure.ts";
import { rehearse } from "./nft.ts";
import type { Surroundings } from "./rules.ts";

/** Finds out what the rules need to know of this machine. @param capacity how many bans one set holds */
export async function surroundings(capacity: number): Promise<Surroundings> {
  const [cgroups, notesIpv6] = await Promise.all([isTaken(GROUP), isTaken(NOTE)]);
  return { earlyDemux: await hasEarlyDemux(), cgroups, capacity, notesIpv6 };
}

/** Kernels without classes of control groups have none of it. */
const GROUP = `table inet c3po-trial {
	chain group {
		meta cgroup 0-4294967295
	}
}
`;

const NOTE = `table inet c3po-trial {
	map to { type ipv6_addr . inet_service : ipv6_addr . inet_service; flags dynamic,timeout; size 16; }
	chain note {
		update @to { ip6 saddr . tcp sport : ip6 daddr . tcp dport }
	}
}
`;

async function isTaken(text: string): Promise<boolean> {
  try {
    await rehearse(text);
    return true;
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    if (error.code !== null) wasAnswer(error);
    return false;
  }
}
