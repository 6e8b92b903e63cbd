import { ALL_PORTS, commonPorts, countPorts, otherPorts, portsText } from "./port_ranges.ts";
import type { PortRanges } from "./port_ranges.ts";

/** What one rule means for TCP packets that come from outside. */
export interface Step {
  /** The ports for which it does it. */
  readonly ports: PortRanges;
  /** Sends them elsewhere, or has another chain decide. */
  readonly then: "forward" | { readonly chain: string };
}

/** Chains by name, and those that the kernel calls before it decides where a packet goes. */
export interface Chains {
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  readonly roots: readonly string[];
}

/** What was found. */
export interface Found {
  readonly ports: ReadonlySet<number>;
  /** Rules about so many ports that no list of them would help. */
  readonly wide: readonly string[];
}

/** A rule about more ports than these is about addresses, or about a machine behind this one. */
const MOST = 16_384;

/** Follows the rules from the first chains on, and gathers the ports that they send elsewhere. */
export function walk({ steps, roots }: Chains): Found {
  const ports = new Set<number>();
  const wide = new Set<string>();
  const follow = (name: string, under: PortRanges, path: readonly string[]): void => {
    for (const step of path.includes(name) ? [] : steps.get(name) ?? []) {
      const here = commonPorts(step.ports, under);
      if (here.length === 0) continue;
      if (step.then !== "forward") follow(step.then.chain, here, [...path, name]);
      else if (countPorts(here) > MOST) wide.add(`${described(here)} in ${name}`);
      else for (const [low, high] of here) for (let p = low; p <= high; p++) ports.add(p);
    }
  };
  for (const root of roots) follow(root, ALL_PORTS, []);
  return { ports, wide: [...wide] };
}

function described(ports: PortRanges): string {
  const others = otherPorts(ports);
  return others.length === 0
    ? "a redirect of every port"
    : `a redirect of all but ${portsText(others)}`;
}
