import { OURS } from "./iptables.ts";
import type { Chain } from "./rules.ts";

/** A rule elsewhere that leads into one of our chains. */
interface Jump {
  readonly line: string;
  /** 1 is the first of its chain. */
  readonly place: number;
}

/** What `iptables-save` shows of C3PO's rules, by `table chain`. */
export interface OwnRules {
  /** The rules of each chain of ours, as the kernel prints them. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** The jumps into our chains, by the chain they stand in. */
  readonly jumps: ReadonlyMap<string, readonly Jump[]>;
}

/** Picks C3PO's rules out of what `iptables-save` prints. */
export function ownRules(saved: string): OwnRules {
  const chains = new Map<string, string[]>();
  const jumps = new Map<string, Jump[]>();
  const places = new Map<string, number>();
  let table = "";
  for (const line of saved.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1).trim();
    if (line.startsWith(`:${OURS}`)) chains.set(`${table} ${line.slice(1).split(" ")[0]}`, []);
    if (!line.startsWith("-A ")) continue;
    const chain = `${table} ${line.split(" ")[1]}`;
    const place = (places.get(chain) ?? 0) + 1;
    places.set(chain, place);
    const own = chains.get(chain);
    if (own !== undefined) own.push(line);
    else if (line.includes(` -j ${OURS}`)) {
      jumps.set(chain, [...jumps.get(chain) ?? [], { line, place }]);
    }
  }
  return { chains, jumps };
}

/** Whether the kernel has all of a plan: each chain with all its rules, each jump once and first. */
export function isComplete(own: OwnRules, plan: readonly Chain[]): boolean {
  return own.chains.size === plan.length && plan.every(({ table, name, hook, rules }) => {
    if (own.chains.get(`${table} ${name}`)?.length !== rules.length) return false;
    if (hook === undefined) return true;
    const jumps = own.jumps.get(`${table} ${hook.chain}`) ?? [];
    return jumps.length === 1 && jumps[0]!.place === 1;
  });
}

/**
 * What became of C3PO's rules since they were loaded.
 *
 * @param expected as read right after loading
 * @param found as read now
 * @returns what is gone or changed, as a person would name it; empty if all is well
 */
export function drift(expected: OwnRules, found: OwnRules): string[] {
  if (found.chains.size + found.jumps.size === 0) return expected.chains.size > 0 ? ["rules"] : [];
  const gone: string[] = [];
  for (const [chain, rules] of expected.chains) {
    const now = found.chains.get(chain);
    if (now === undefined) gone.push(`chain ${chain}`);
    else if (now.join("\n") !== rules.join("\n")) {
      gone.push(now.length < rules.length ? `rules of ${chain}` : `changed rules of ${chain}`);
    }
  }
  for (const [chain, [jump]] of expected.jumps) {
    const now = found.jumps.get(chain) ?? [];
    if (!now.some(({ line }) => line === jump!.line)) gone.push(`jump from ${chain}`);
    else if (now.length > 1) gone.push(`doubled jump in ${chain}`);
    else if (now[0]!.place !== 1) gone.push(`first place in ${chain}`);
  }
  return gone;
}
