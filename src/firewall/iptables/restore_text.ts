import type { Chain, Hook, Rule } from "./rules.ts";
import { ruleWords } from "./rule_words.ts";
import {
  denialIn,
  isOurChain,
  isOurJump,
  type SavedRules,
  type SavedTable,
} from "./saved_rules.ts";

const EMPTY: SavedTable = { policies: new Map(), rules: new Map() };

/**
 * Text for `iptables-restore --noflush` that brings the kernel from what it has to a plan, each
 * table in one step. Loading it twice equals loading it once: our chains are rewritten whole, and
 * every jump into them that is there already is taken out before the new one is put in.
 *
 * @param chains the wanted chains; an empty list removes everything of ours
 * @param saved what is
 */
export function restoreText(chains: readonly Chain[], saved: SavedRules): string {
  const present = [...saved].filter(([, table]) => hasOurs(table)).map(([name]) => name);
  const tables = new Set([...chains.map(({ table }) => table), ...present]);
  return [...tables].map((name) => {
    const table = saved.get(name) ?? EMPTY;
    const wanted = chains.filter((chain) => chain.table === name);
    const stale = [...table.rules.keys()].filter((chain) =>
      isOurChain(chain) && !wanted.some((each) => each.name === chain)
    );
    const jumps = [...table.rules.values()].flat().filter(isOurJump);
    return [
      `*${name}`,
      ...wanted.map((chain) => `:${chain.name} - [0:0]`),
      ...jumps.map((line) => line.replace(/^-A /, "-D ")),
      ...stale.map((chain) => `-F ${chain}`),
      ...stale.map((chain) => `-X ${chain}`),
      ...wanted.flatMap(ruleLines),
      ...hookLines(wanted, table),
      "COMMIT",
      "",
    ].join("\n");
  }).join("");
}

/**
 * Text that rewrites some chains whose jumps stand already, and removes others that nothing leads to
 * then. The denials come first, so that nothing is let through that they are to judge.
 */
export function rewriteText(chains: readonly Chain[], stale: readonly Chain[]): string {
  const tables = new Set([...chains, ...stale].map(({ table }) => table));
  return [...tables].map((name) => {
    const wanted = chains.filter((chain) => chain.table === name);
    const gone = stale.filter((chain) => chain.table === name);
    return [
      `*${name}`,
      ...[...wanted, ...gone].map((chain) => `:${chain.name} - [0:0]`),
      ...wanted.flatMap(ruleLines),
      ...gone.map((chain) => `-X ${chain.name}`),
      "COMMIT",
      "",
    ].join("\n");
  }).join("");
}

function hasOurs({ rules }: SavedTable): boolean {
  return [...rules].some(([chain, lines]) => isOurChain(chain) || lines.some(isOurJump));
}

function ruleLines({ name, rules }: Chain): string[] {
  return rules.map((rule) => ["-A", name, ...ruleWords(rule)].join(" "));
}

/** The jumps into our chains, in an order in which each place is still right when its line is read. */
function hookLines(chains: readonly Chain[], table: SavedTable): string[] {
  const hooked = chains.flatMap(({ name, hook }) => hook === undefined ? [] : [{ name, hook }]);
  const count = (chain: string): number =>
    hooked.filter(({ hook }) => hook.chain === chain && hook.place === "first").length;
  const words = ({ name, hook }: { name: string; hook: Hook }): string => {
    const jump: Rule = { when: hook.when, then: { do: "jump", chain: name } };
    return ruleWords(jump).join(" ");
  };
  const order = ["first", "before the denial", "last"];
  return hooked.sort((a, b) => order.indexOf(a.hook.place) - order.indexOf(b.hook.place)).map(
    (each) => {
      const { chain, place } = each.hook;
      if (place === "first") return `-I ${chain} 1 ${words(each)}`;
      const denial = place === "last" ? null : denialIn(table, chain);
      if (denial === null) return `-A ${chain} ${words(each)}`;
      return `-I ${chain} ${count(chain) + denial + 1} ${words(each)}`;
    },
  );
}
