import type { Obstacle } from "../../firewall.ts";
import { concerns, obstacleOf } from "./exemption.ts";
import {
  isOurMatter,
  isUnlimited,
  jumpOf,
  limitsOf,
  rulesIn,
  type Surroundings,
} from "./iptables_exemptions.ts";
import { reachOf } from "./reach.ts";

const BEGIN = "nat PREROUTING";

/**
 * Rules that end nat for connections before they come to C3PO's, which stand behind those of others: firewalld 2.5
 * has one where it uses iptables.
 *
 * @param saved the text of `iptables-save`
 */
export function natEnds(saved: string, { program, where, ports }: Surroundings): Obstacle[] {
  const placed = rulesIn(saved).filter(({ table }) => table === "nat");
  const reached = (rules: typeof placed): ReadonlySet<string> =>
    new Set(reachOf([[BEGIN, "in"]], rules.flatMap((each) => jumpOf(each, ports))).keys());
  const bySome = reached(placed);
  const byAll = reached(placed.filter(({ rule }) => isUnlimited(rule)));
  return placed.flatMap(({ chain, rule }): Obstacle[] => {
    const place = `nat ${chain}`;
    if (!/(?:^| )-j ACCEPT$/.test(rule) || !bySome.has(place) || !isOurMatter(rule)) return [];
    if (!concerns(limitsOf(rule), "in", ports)) return [];
    return [obstacleOf({
      kind: "accept",
      rule,
      chain: `${where} ${place}`,
      removal: `${program} -t nat -D ${chain} ${rule}`,
      isTotal: byAll.has(place) && isUnlimited(rule),
    })];
  });
}
