import type { Namespace } from "./namespace.ts";

const SAVERS = [
  ["iptables-nft-save"],
  ["ip6tables-nft-save"],
  ["iptables-legacy-save"],
  ["ip6tables-legacy-save"],
  ["ipset", "save", "-sorted"],
] as const;

/**
 * All packet filter rules and sets of a namespace as text, for "byte for byte what they were before".
 * What changes by itself is taken out: comments with the time, packet counters, the time entries have left, and
 * the random seed of a set. A table with nothing but empty built-in chains that accept is left out as
 * well: it comes into being when a tool looks at it, and filters nothing.
 */
export async function snapshot(namespace: Namespace): Promise<string> {
  const parts: string[] = [];
  for (const [command, ...args] of SAVERS) {
    const { code, stdout, stderr } = await namespace.run(command, args);
    if (/No such file or directory/.test(stderr)) continue; // this machine has one kind of iptables only
    if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr}`);
    parts.push(`== ${command}\n${normalise(stdout)}`);
  }
  return parts.join("");
}

export function normalise(saved: string): string {
  return saved
    .replace(/^#.*\n/gm, "")
    .replace(/^(:\S+ \S+) \[\d+:\d+\]$/gm, "$1 [0:0]")
    .replace(/^\*\w+\n(?::\w+ ACCEPT \[0:0\]\n)*COMMIT\n/gm, "")
    .replace(/^(add .*?) timeout \d+/gm, "$1")
    .replace(/^(create .*) initval \S+/gm, "$1");
}

function rules(text: string): string[] {
  return text.split("\n").filter((line) => /^(-A|:|==|\*)/.test(line));
}

/** C3PO's own chains, their rules and the jumps to them, of a snapshot. */
export function ours(text: string): string[] {
  return rules(text).filter((line) => /^(:C3PO|-A.*C3PO)/.test(line));
}

/** Rules and chains of others, in their order. */
export function foreign(text: string): string[] {
  return rules(text).filter((line) => !line.includes("C3PO"))
    // A table with nothing in it but ours comes and goes with them.
    .filter((line) =>
      /^-A/.test(line) || /^:(?!PRE|POST|INPUT ACC|FORWARD ACC|OUTPUT ACC)/.test(line)
    );
}
