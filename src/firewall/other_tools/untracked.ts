import { C3poError } from "../../os/errors.ts";
import type { Family } from "../../os/address.ts";
import type { Obstacle } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { readRuleset } from "./ruleset.ts";
import { IPTABLES, savedBy } from "./input/denials.ts";
import { iptablesExemptions } from "./untracked/iptables_exemptions.ts";
import { natEnds } from "./untracked/nat_ends.ts";
import { nftExemptions } from "./untracked/nft_exemptions.ts";

/**
 * Rules that keep connections from being redirected: they exempt them from connection tracking, or answer them before
 * it begins, or end nat before C3PO's rules. The ports of the minute lead nowhere then, while sshd's own port is
 * hidden.
 *
 * @param backend the iptables that has C3PO's rules; null with the nftables engine, which has a chain of its own
 */
export async function findExemptions(
  policy: Policy,
  backend: "nft" | "legacy" | null,
): Promise<Obstacle[]> {
  const ports = [...policy.services.map(({ port }) => port), policy.tarpitPort];
  const found: Obstacle[] = [];
  for (const [program, family] of IPTABLES) {
    const saved = await savedBy(program);
    const surroundings = { program, where: placeOf(program, family), ports };
    found.push(...iptablesExemptions(saved, surroundings));
    if (backend !== null && program.endsWith(backend)) found.push(...natEnds(saved, surroundings));
  }
  try {
    const ruleset = await readRuleset();
    found.push(...nftExemptions(ruleset, ports));
  } catch (error) {
    if (!(error instanceof C3poError)) throw error; // not every machine has nft
  }
  return found;
}

function placeOf(program: string, family: Family): string {
  return `IPv${family}${program.includes("legacy") ? " (legacy)" : ""}`;
}
