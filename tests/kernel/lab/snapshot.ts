import type { Namespace } from "./namespace.ts";

const SAVERS = [
  ["iptables-nft-save"],
  ["ip6tables-nft-save"],
  ["iptables-legacy-save"],
  ["ip6tables-legacy-save"],
  ["ipset", "save", "-sorted"],
] as const;

/** Tables that nft sees and iptables made: it shows them better. */
const OF_IPTABLES = /^table ip6? (filter|nat|raw|mangle|security)$/;

/**
 * All packet filter rules and sets of a namespace as text, for "byte for byte what they were before".
 * What changes by itself is taken out: comments with the time, packet counters, the time entries have left, how
 * many there are, and the random seed of a set. Tables of nft, and what is in them, stand in the order of their
 * names: that in which they came to be has no meaning. A table with nothing but empty built-in chains that accept
 * is left out as well: it comes into being when a tool looks at it, and filters nothing.
 */
export async function snapshot(namespace: Namespace): Promise<string> {
  const parts: string[] = [];
  for (const [command, ...args] of SAVERS) {
    const { code, stdout, stderr } = await namespace.run(command, args);
    if (/No such file or directory/.test(stderr)) continue; // this machine has one kind of iptables only
    if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr}`);
    parts.push(`== ${command}\n${normalise(stdout)}`);
  }
  return parts.join("") + await nativeTables(namespace);
}

async function nativeTables(namespace: Namespace): Promise<string> {
  const { stdout } = await namespace.run("nft", ["list", "tables"]);
  const parts: string[] = [];
  for (const line of stdout.split("\n").sort()) {
    if (line === "" || OF_IPTABLES.test(line)) continue;
    const { code, stdout } = await namespace.run("nft", ["-s", "list", ...line.split(" ")]);
    const lasting = stdout.replaceAll(/ expires \w+|\s+# count \d+$/gm, "");
    if (code === 0) parts.push(`== nft\n${inOrder(lasting)}`);
  }
  return parts.join("");
}

/** A chain or a set in the listing of a table. */
const BLOCK = /^\t\w+ \S+ \{.*\n(?:\t\t.*\n)*\t\}\n/gm;

/** Chains and sets in the order of their names. */
function inOrder(table: string): string {
  const blocks = (table.match(BLOCK) ?? []).sort();
  return table.replaceAll(BLOCK, () => blocks.shift()!);
}

export function normalise(saved: string): string {
  return saved
    .replace(/^#.*\n/gm, "")
    .replace(/^(:\S+ \S+) \[\d+:\d+\]$/gm, "$1 [0:0]")
    .replace(/^\*\w+\n(?::\w+ ACCEPT \[0:0\]\n)*COMMIT\n/gm, "")
    .replace(/^(add .*?) timeout \d+/gm, "$1")
    .replace(/^(create .*) initval \S+/gm, "$1");
}

/** C3PO's own table, and the line of it that a snapshot of others must not have. */
const OWN_TABLE = /^table \w+ c3po[\s\S]*?^}\n/gm;
const OWN_LINE = /C3PO|c3po/;

/**
 * C3PO's own chains, their rules and the jumps to them, of a snapshot: each as often as it is there, without
 * what depends on the minute.
 */
export function ours(text: string): string[] {
  const table = (text.match(OWN_TABLE) ?? []).join("")
    .replace(/^\t\telements = \{[^}]*\}\n/gm, "")
    .replace(/ vmap \{[^}]*\}/g, " vmap PORTS")
    .replace(/ proto-dst \d+/g, " proto-dst PORT");
  return [
    ...ofIptables(text).filter((line) => /^(:C3PO|-A.*C3PO)/.test(line)),
    ...table.split("\n").filter((line) => line !== ""),
  ]
    .map(withoutMinute)
    .filter((line, at, all) => !isOfWindow(line) || all.indexOf(line) === at);
}

/** Rules and chains of others, in their order. */
export function foreign(text: string): string[] {
  const native = text.replace(OWN_TABLE, "").match(/^== nft\n[\s\S]*/m)?.[0] ?? "";
  const lines = ofIptables(text).filter((line) => !OWN_LINE.test(line))
    // A table with nothing in it but ours comes and goes with them.
    .filter((line) =>
      /^-A/.test(line) || /^:(?!PRE|POST|INPUT ACC|FORWARD ACC|OUTPUT ACC)/.test(line)
    );
  return [...lines, ...native.split("\n").filter((line) => !/^== nft$|^$|c3po/.test(line))];
}

function ofIptables(text: string): string[] {
  return text.split("\n").filter((line) => /^(-A|:|==|\*)/.test(line));
}

function withoutMinute(line: string): string {
  return line.replace(/(C3PO-W|c3po-[\w]+-|window)\d+\b/g, "$1N")
    .replace(/--date(start|stop) \S+/g, "--date$1 TIME")
    .replace(/meta time (\S+) \S+( \S+)?/g, "meta time TIME");
}

function isOfWindow(line: string): boolean {
  return /C3PO-WN|c3po-\w+-N|TIME/.test(line);
}
