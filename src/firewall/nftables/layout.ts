import type { Chain } from "./chains.ts";
import { type Block, rulesOf, type Table } from "./listing.ts";
import { allSets, BAN_CAPACITY } from "./sets.ts";

/** Chains of a table that a plan has no place for. */
export function staleChains(table: Table | undefined, chains: readonly Chain[]): string[] {
  const names = new Set(chains.map(({ name }) => name));
  return blocks(table, "chain").map(({ name }) => name).filter((name) => !names.has(name));
}

/** Whether a table was made by another version, whose sets cannot take what this one puts in. */
export function hasOtherSets(table: Table): boolean {
  const sets = new Map(
    blocks(table, "set").concat(blocks(table, "map")).map((set) => [set.name, traits(set.lines)]),
  );
  return allSets(BAN_CAPACITY).some(({ name, definition }) => {
    const found = sets.get(name);
    return found !== undefined && found !== traits(definition.split(";"));
  });
}

/** What of a set cannot be changed in place. @param statements as `type ipv4_addr`, `timeout 1h` */
function traits(statements: readonly string[]): string {
  const value = (name: string): string =>
    statements.map((line) => line.trim().replace(/;$/, ""))
      .find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "";
  return [value("type"), value("flags").split(",").sort().join(), value("timeout")].join(" / ");
}

/** Whether any rule is in a table: without one its sets do nothing. */
export function hasRules(table: Table | undefined): boolean {
  return blocks(table, "chain").some((chain) => rulesOf(chain).length > 0);
}

/** Whether a listing shows all that was loaded, and nothing else. */
export function isWhole(table: Table | undefined, chains: readonly Chain[]): boolean {
  const found = new Map(blocks(table, "chain").map((chain) => [chain.name, rulesOf(chain).length]));
  return found.size === chains.length &&
    chains.every(({ name, rules }) => found.get(name) === rules.length);
}

/** What differs between a table as it was loaded and as it is, as a person would name it. */
export function differences(loaded: Table, now: Table | undefined): string[] {
  if (now === undefined) return [`table ${loaded.family} ${loaded.name}`];
  const before = byName(loaded);
  const after = byName(now);
  const changed = [...before].filter(([name, text]) => after.get(name) !== text);
  const added = [...after.keys()].filter((name) => !before.has(name));
  return [
    ...changed.map(([name]) => `${after.has(name) ? "rules of " : ""}nftables ${name}`),
    ...added.map((name) => `nftables ${name}, which is not C3PO's`),
    ...(loaded.lines.join() === now.lines.join() ? [] : [`flags of table ${loaded.name}`]),
  ];
}

function byName(table: Table): Map<string, string> {
  return new Map(
    table.blocks.map(({ kind, name, lines }) => [`${kind} ${name}`, lines.join("\n")]),
  );
}

function blocks(table: Table | undefined, kind: string): readonly Block[] {
  return table?.blocks.filter((block) => block.kind === kind) ?? [];
}
