import { hasEarlyDemux } from "../../os/procfs.ts";
import { ToolFailure, wasAnswer } from "../../os/tool_failure.ts";
import { rehearse } from "./nft.ts";

/** What the rules need to know of kernel and nft. */
export interface KernelFeatures {
  /**
   * Whether the kernel has found the socket of a running connection before the rules see its packet. Then
   * a connection can be told from a listener, also from one that listens on one address alone.
   */
  readonly earlyDemux: boolean;
  /**
   * Whether nft can ask a socket for its control group. It has one until its last byte is sent, also where the
   * service has closed it; its user it has no longer.
   */
  readonly cgroups: boolean;
  /** Whether nft can write rules that note where IPv6 sessions lead: before 1.0.7 it could not. */
  readonly notesIpv6: boolean;
}

/**
 * Tries it out.
 *
 * @throws {ToolFailure} if nft does not come to an answer, which is none about the kernel
 */
export async function kernelFeatures(): Promise<KernelFeatures> {
  const [cgroups, notesIpv6] = await Promise.all([isTaken(GROUP), isTaken(NOTE)]);
  return { earlyDemux: await hasEarlyDemux(), cgroups, notesIpv6 };
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
    if (error.isMissing) return false;
    if (error.code === null) throw error;
    wasAnswer(error);
    return false;
  }
}
