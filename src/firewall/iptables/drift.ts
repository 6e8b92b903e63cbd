import type { Drift } from "../firewall.ts";
import type { Chain, Hook } from "./rules.ts";
import { isOurChain, isOurJump, type SavedRules } from "./saved_rules.ts";

/** A rule elsewhere that leads into one of our chains. */
interface Jump {
  readonly line: string;
  /** 0 is the first of its chain. */
  readonly place: number;
  /** How many rules its chain has. */
  readonly of: number;
}

/** C3PO's rules among all. */
export interface OwnRules {
  /** The rules of each chain of ours, by `table chain`, as the kernel prints them, or how many there are. */
  readonly chains: ReadonlyMap<string, readonly string[] | number>;
  /** The jumps into our chains, by `table chain`, where chain is ours. */
  readonly jumps: ReadonlyMap<string, readonly Jump[]>;
}

/** Picks C3PO's rules out of all. */
export function ownRules(saved: SavedRules): OwnRules {
  const chains = new Map<string, readonly string[]>();
  const jumps = new Map<string, Jump[]>();
  for (const [table, { rules }] of saved) {
    for (const [chain, lines] of rules) {
      if (isOurChain(chain)) chains.set(`${table} ${chain}`, lines);
      else {
        for (const [place, line] of lines.entries()) {
          if (!isOurJump(line)) continue;
          const into = `${table} ${/ -[jg] (\S+)/.exec(line)![1]}`;
          jumps.set(into, [...jumps.get(into) ?? [], { line, place, of: lines.length }]);
        }
      }
    }
  }
  return { chains, jumps };
}

/** Whether the kernel has all of a plan: each chain with all its rules, each jump once. */
export function isComplete(own: OwnRules, plan: readonly Chain[]): boolean {
  return own.chains.size === plan.length && plan.every(({ table, name, hook, rules }) => {
    if (countOf(own.chains.get(`${table} ${name}`)) !== rules.length) return false;
    return (own.jumps.get(`${table} ${name}`)?.length ?? 0) === (hook === undefined ? 0 : 1);
  });
}

/**
 * What became of C3PO's rules since they were loaded.
 *
 * @param expected as read right after loading
 * @param found as read now
 * @param hooks where the jumps belong, by `table chain`
 * @returns what is gone or changed; empty if all is well
 */
export function drift(
  expected: OwnRules,
  found: OwnRules,
  hooks: ReadonlyMap<string, Hook>,
): Drift[] {
  const gone: Drift[] = [];
  const add = (what: string, kind: Drift["kind"] = "rules"): void => void gone.push({ kind, what });
  if (found.chains.size + found.jumps.size === 0) {
    if (expected.chains.size > 0) add("rules");
    return gone;
  }
  for (const [chain, rules] of expected.chains) {
    const now = found.chains.get(chain);
    if (now === undefined) add(`chain ${chain}`);
    else if (!isAlike(now, rules)) {
      const isShort = countOf(now)! < countOf(rules)!;
      add(isShort ? `rules of ${chain}` : `changed rules of ${chain}`);
    }
  }
  for (const [chain, [jump]] of expected.jumps) {
    const now = found.jumps.get(chain) ?? [];
    const hook = hooks.get(chain);
    const from = `${chain.split(" ")[0]} ${hook?.chain ?? ""}`;
    if (!now.some(({ line }) => line === jump!.line)) add(`jump from ${from}`);
    else if (now.length > 1) add(`doubled jump in ${from}`);
    else if (hook !== undefined && !isInPlace(now[0]!, hook, found, chain)) {
      add(`${hook.place} place in ${from}`, "place");
    }
  }
  return gone;
}

/** What is loaded once chains were rewritten that were not read again since: of those only the number of rules is known. */
export function withPlanned(
  own: OwnRules,
  fresh: readonly Chain[],
  stale: readonly Chain[],
): OwnRules {
  const chains = new Map(own.chains);
  for (const { table, name } of stale) chains.delete(`${table} ${name}`);
  for (const { table, name, rules } of fresh) chains.set(`${table} ${name}`, rules.length);
  return { chains, jumps: own.jumps };
}

function countOf(rules: readonly string[] | number | undefined): number | undefined {
  return typeof rules === "object" ? rules.length : rules;
}

function isAlike(found: readonly string[] | number, expected: readonly string[] | number): boolean {
  if (typeof found === "number" || typeof expected === "number") {
    return countOf(found) === countOf(expected);
  }
  return found.join("\n") === expected.join("\n");
}

/** Whether no rule of another tool stands before the first, or behind the last. */
function isInPlace({ place, of }: Jump, hook: Hook, found: OwnRules, chain: string): boolean {
  const [table] = chain.split(" ");
  const beside = [...found.jumps].flatMap(([into, jumps]) =>
    into.startsWith(`${table} `) && into !== chain
      ? jumps.filter((jump) => jump.line.split(" ")[1] === hook.chain)
      : []
  );
  if (hook.place === "first") return beside.filter((jump) => jump.place < place).length === place;
  if (hook.place === "last") {
    return beside.filter((jump) => jump.place > place).length === of - 1 - place;
  }
  return true;
}
