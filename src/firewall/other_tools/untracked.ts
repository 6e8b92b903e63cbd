import { C3poError } from "../../os/errors.ts";
import type { Obstacle } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { readRuleset } from "./ruleset.ts";
import { IPTABLES, savedBy } from "./input/denials.ts";
import { iptablesExemptions } from "./untracked/iptables_exemptions.ts";
import { nftExemptions } from "./untracked/nft_exemptions.ts";

/**
 * Rules that exempt connections from connection tracking, or answer them before it begins. Without tracking
 * nothing can be redirected: the ports of the minute lead nowhere, while sshd's own port is hidden.
 */
export async function findExemptions({ services, tarpitPort }: Policy): Promise<Obstacle[]> {
  const ports = [...services.map(({ port }) => port), tarpitPort];
  const found: Obstacle[] = [];
  for (const [program, family] of IPTABLES) {
    const where = `IPv${family}${program.includes("legacy") ? " (legacy)" : ""}`;
    found.push(...iptablesExemptions(await savedBy(program), { program, where, ports }));
  }
  try {
    const ruleset = await readRuleset();
    found.push(...nftExemptions(ruleset, ports));
  } catch (error) {
    if (!(error instanceof C3poError)) throw error; // not every machine has nft
  }
  return found;
}
