import { otherEngines } from "../../firewall/engines.ts";
import type { Finding } from "../../os/finding.ts";
import { policyOf } from "../policy.ts";
import { TARPIT_PORT } from "../tarpit_policy.ts";
import type { Checkup } from "./checkup.ts";

/** Whether the tools are there, and the kernel takes the rules. */
export async function engineFindings({ firewall }: Checkup): Promise<Finding[]> {
  const { versions, families, limitations } = await firewall.examine();
  const served = families.map((family) => `IPv${family}`).join(" and ");
  return [
    { grade: "ok", what: "firewall", found: `${versions} works, for ${served}` },
    ...limitations.map(({ what, remedy }): Finding => ({
      grade: "warn",
      what: "firewall",
      found: what,
      todo: remedy,
    })),
  ];
}

/** What other rules on this machine deny or forward. */
export async function foreignFindings(checkup: Checkup): Promise<Finding[]> {
  const { firewall, config } = checkup;
  const what = "rules";
  const findings: Finding[] = [];
  for (const obstacle of await firewall.obstacles(policyOf(config, TARPIT_PORT))) {
    const grade = obstacle.isTotal ? "fail" : "warn";
    findings.push({ grade, what, found: obstacle.what, todo: obstacle.remedy });
  }
  const { ports, unreadable } = await firewall.forwards();
  for (const found of unreadable) {
    findings.push({ grade: "warn", what, found, todo: "exclude forwarded ports with --exclude" });
  }
  const count = ports.size === 1 ? "1 port is" : `${ports.size} ports are`;
  const found = `${count} forwarded by other rules and never used`;
  if (findings.length === 0) findings.push({ grade: "ok", what, found });
  return findings;
}

/** The engines whose rules are in the kernel: of a running `serve`, or left by one that died. */
export async function loadedEngines({ firewall, clock }: Checkup): Promise<string[]> {
  const left: string[] = [];
  for (const engine of [firewall, ...await otherEngines(firewall.engine, clock)]) {
    if (await engine.isLoaded()) left.push(engine.engine);
    if (engine !== firewall) await engine[Symbol.asyncDispose]();
  }
  return left;
}
