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
 * Rules that exempt connections from connection tracking, or answer them before it begins. Without tracking
 * nothing can be redirected: the ports of the minute lead nowhere, while sshd's own port is hidden.
 */
export async function findExemptions(policy: Policy): Promise<Obstacle[]> {
  const ports = portsOf(policy);
  const found: Obstacle[] = [];
  for (const [program, family] of IPTABLES) {
    found.push(
      ...iptablesExemptions(await savedBy(program), {
        program,
        where: placeOf(program, family),
        ports,
      }),
    );
  }
  try {
    const ruleset = await readRuleset();
    found.push(...nftExemptions(ruleset, ports));
  } catch (error) {
    if (!(error instanceof C3poError)) throw error; // not every machine has nft
  }
  return found;
}

/**
 * Rules of an iptables that end nat for connections before they come to the rules that it has of C3PO. To the
 * nftables engine they are nothing: it has a chain of its own.
 */
export async function findNatEnds(policy: Policy, backend: "nft" | "legacy"): Promise<Obstacle[]> {
  const found: Obstacle[] = [];
  for (const [program, family] of IPTABLES) {
    if (!program.endsWith(backend)) continue;
    const where = placeOf(program, family);
    found.push(...natEnds(await savedBy(program), { program, where, ports: portsOf(policy) }));
  }
  return found;
}

function portsOf({ services, tarpitPort }: Policy): number[] {
  return [...services.map(({ port }) => port), tarpitPort];
}

function placeOf(program: string, family: Family): string {
  return `IPv${family}${program.includes("legacy") ? " (legacy)" : ""}`;
}
