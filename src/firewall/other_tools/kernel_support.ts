import { ToolFailure } from "../../os/tool_failure.ts";

/**
 * What tools of netfilter say where the kernel has no part for them: nft and iptables-nft without nf_tables,
 * ipset without ip_set, and all of them without netfilter's netlink.
 */
const LACKING = [
  /cache initialization failed: (Invalid argument|Operation not supported|Protocol not supported)/,
  /Could not fetch rule set generation id: (Invalid argument|Operation not supported)/,
  /(Unable to initialize Netlink socket|Failed to initialize nft): Protocol not supported/,
  /ipset v[\d.]+: (Cannot open session to kernel|Kernel error received: Invalid argument)/,
];

/**
 * Whether a tool failed because this kernel has no part for it. There is nothing of that kind in such a
 * kernel then; after any other failure nothing is known of what is there.
 */
export function isUnsupported(error: unknown): boolean {
  return error instanceof ToolFailure && LACKING.some((words) => words.test(error.message));
}
