import type { Hook } from "./rules.ts";

/** Chains whose names begin like this are C3PO's, whichever version made them. */
export const OURS = "C3PO-";

/** The chains of the kernel from which rules lead to C3PO's, by table. */
export const HOOKED: Readonly<Record<string, readonly Hook["chain"][]>> = {
  raw: ["PREROUTING"],
  mangle: ["PREROUTING", "INPUT"],
  nat: ["PREROUTING"],
  filter: ["INPUT"],
};

/** One table, as `iptables-save` prints it. */
export interface SavedTable {
  /** What becomes of a packet that no rule of a chain decides, by chain; `-` for chains that tools made. */
  readonly policies: ReadonlyMap<string, string>;
  /** The rules by chain, each as it was printed: `-A INPUT …`. */
  readonly rules: ReadonlyMap<string, readonly string[]>;
}

/** Tables by name, as `iptables-save` prints them. */
export type SavedRules = ReadonlyMap<string, SavedTable>;

/** What `iptables-save` says of a table that it leaves out, because native rules of nftables are in it. */
const INCOMPATIBLE = /^# Table `(\S+)' is incompatible, use 'nft' tool\.$/gm;

/** The tables that `iptables-save` could not print: nothing is known of what is in them. */
export function unreadableTables(text: string): string[] {
  return [...text.matchAll(INCOMPATIBLE)].map(([, table]) => table!);
}

/** Reads what `iptables-save` prints. */
export function parseSaved(text: string): SavedRules {
  const tables = new Map<string, SavedTable>();
  let policies = new Map<string, string>();
  let rules = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) {
      policies = new Map();
      rules = new Map();
      tables.set(line.slice(1).trim(), { policies, rules });
    } else if (line.startsWith(":")) {
      const [name, policy] = line.slice(1).split(" ");
      policies.set(name!, policy!);
      rules.set(name!, []);
    } else if (line.startsWith("-A ")) rules.get(line.split(" ")[1]!)?.push(line);
  }
  return tables;
}

/** All that {@linkcode parseSaved} reads, to be compared: it has no counts of packets. */
export function printSaved(saved: SavedRules): string {
  return [...saved].map(([table, { policies, rules }]) =>
    [
      `*${table}`,
      ...[...policies].map(([chain, policy]) => `:${chain} ${policy}`),
      ...rules.values(),
    ]
      .flat().join("\n")
  ).join("\n");
}

/** Reads what `iptables -S CHAIN` prints: `-P INPUT DROP` or `-N C3PO-DENY`, and the rules. */
export function parseChain(text: string): { policy: string; rules: readonly string[] } {
  const lines = text.trim().split("\n");
  const [, policy = "-"] = /^-P \S+ (\S+)/.exec(lines[0]!) ?? [];
  return { policy, rules: lines.filter((line) => line.startsWith("-A ")) };
}

/** Whether a chain is one of C3PO's. */
export function isOurChain(name: string): boolean {
  return name.startsWith(OURS);
}

/** Whether a rule elsewhere leads into a chain of C3PO's. */
export function isOurJump(line: string): boolean {
  return / -[jg] C3PO-/.test(line) && !line.startsWith(`-A ${OURS}`);
}

/** Where a rule leads: the name of a chain or target. */
export function targetOf(line: string): string | null {
  return / -[jg] (\S+)/.exec(line)?.[1] ?? null;
}

/** Whether a rule applies to every packet that reaches it. */
export function isUnconditional(line: string): boolean {
  const rest = line.replace(/^-A \S+/, "").replace(/ -[jg] .*$/, "")
    .replace(/ -m comment --comment (?:"[^"]*"|\S+)/, "");
  return rest.trim() === "";
}

/**
 * Where a chain denies whatever has come so far: the place of the rule, from 0, or null if there is none
 * and the policy decides.
 */
export function denialIn(table: SavedTable, chain: string, depth = 0): number | null {
  const rules = (table.rules.get(chain) ?? []).filter((line) => !isOurJump(line));
  const at = rules.findIndex((line) => {
    if (!isUnconditional(line)) return false;
    const target = targetOf(line);
    if (target === "DROP" || target === "REJECT") return true;
    return target !== null && depth < 8 && table.rules.has(target) && !isOurChain(target) &&
      denialIn(table, target, depth + 1) !== null;
  });
  return at < 0 ? null : at;
}

/** Whether INPUT denies what none of its rules accepts. */
export function deniesByDefault(saved: SavedRules): boolean {
  const filter = saved.get("filter");
  if (filter === undefined) return false;
  return filter.policies.get("INPUT") === "DROP" || denialIn(filter, "INPUT") !== null;
}

/** Whether rules other than C3PO's make the kernel track connections. */
export function tracksConnections(saved: SavedRules): boolean {
  return [...saved.values()].some(({ rules }) =>
    [...rules].some(([chain, lines]) =>
      !isOurChain(chain) &&
      lines.some((line) =>
        !isOurJump(line) &&
        / -m (conntrack|state) | -j (DNAT|SNAT|MASQUERADE|REDIRECT)\b/.test(line)
      )
    )
  );
}
