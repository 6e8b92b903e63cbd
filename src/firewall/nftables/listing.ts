import { ask } from "./nft.ts";

/** A chain or a set in a listing. */
export interface Block {
  readonly kind: string;
  readonly name: string;
  /** Its lines, without indentation. */
  readonly lines: readonly string[];
}

/** A table in a listing. */
export interface Table {
  readonly family: string;
  readonly name: string;
  /** What stands in the table itself, such as `flags owner`. */
  readonly lines: readonly string[];
  readonly blocks: readonly Block[];
}

/** Rules and sets of all tables, without elements: to list those would take long. */
export async function listTables(): Promise<Table[]> {
  return parseListing(await ask(["-t", "list", "ruleset"]));
}

/** How many elements a set has: nft tells it behind the size (1.1.7 does, 1.1.3 does not). */
const COUNT = /\s+# count \d+$/;

/** Reads what `nft list ruleset` prints. */
export function parseListing(text: string): Table[] {
  const tables: { family: string; name: string; lines: string[]; blocks: Block[] }[] = [];
  let block: { kind: string; name: string; lines: string[] } | null = null;
  for (const line of text.split("\n")) {
    const [, family, name] = /^table (\w+) (\S+) \{/.exec(line) ?? [];
    if (family !== undefined) {
      tables.push({ family, name: name!, lines: [], blocks: [] });
      continue;
    }
    const table = tables.at(-1);
    if (table === undefined) continue;
    const [, kind, called] = /^\t([a-z ]+?) (\S+) \{$/.exec(line) ?? [];
    if (block === null && kind !== undefined) block = { kind, name: called!, lines: [] };
    else if (line === "\t}") {
      if (block !== null) table.blocks.push(block);
      block = null;
    } else if (line.trim() !== "" && line !== "}") {
      (block ?? table).lines.push(line.replace(COUNT, "").trim());
    }
  }
  return tables;
}

/** The table of that family and name, if it is listed. */
export function findTable(tables: readonly Table[], name: string): Table | undefined {
  return tables.find((table) => `${table.family} ${table.name}` === name);
}

/** The line that makes a chain one of those that the kernel itself calls. */
export const HOOK = /^type (\w+) hook (\w+)(?: devices? .*?)? priority ([^;]+);(?: policy (\w+);)?/;

/** The rules of a chain, without the line that hooks it. */
export function rulesOf({ lines }: Block): readonly string[] {
  return lines.filter((line) => !HOOK.test(line));
}
