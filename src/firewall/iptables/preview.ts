import type { Family } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import { tcpServices } from "../access.ts";
import { doorRoutePreview } from "../door_network_route.ts";
import type { Policy } from "../policy.ts";
import type { SessionKeeper } from "../other_tools/kept_sessions.ts";
import { addEntry, createSets } from "./ipset_text.ts";
import { ownSocket } from "./own_socket.ts";
import { policyChains } from "./policy_chains.ts";
import { restoreText } from "./restore_text.ts";
import { allSets } from "./sets.ts";
import { windowChains, windowSets } from "./window_chains.ts";

/**
 * What ipset, iptables and the others would be given for rules and windows, where nothing of C3PO's is there
 * yet.
 */
export async function preview(
  policy: Policy,
  windows: readonly Window[],
  families: readonly Family[],
  sessions: SessionKeeper,
): Promise<string> {
  const filled = windowSets(policy, windows).map(({ set, elements }) =>
    createSets([set]) + elements.map((each) => addEntry(set, each)).join("")
  );
  const rules = families.map(async (family) => {
    const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
    const chains = [
      ...policyChains(family, policy, "reset", await ownSocket(family)),
      ...windowChains(family, policy, windows, "reset"),
    ];
    return `# ${tool} --noflush\n${restoreText(chains, new Map())}`;
  });
  return [
    "# ipset restore\n",
    createSets(allSets(families)),
    ...filled,
    ...await Promise.all(rules),
    await sessions.preview(tcpServices(policy).map(({ port }) => port)),
    doorRoutePreview(policy.door),
  ].join("");
}
