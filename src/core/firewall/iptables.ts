import type { Chain, Match, Rule, Verdict } from "./rules.ts";

/** Chains whose names begin like this are C3PO's, whichever version made them. */
export const OURS = "C3PO-";

/**
 * Text for `iptables-restore --noflush` that brings the kernel from what it has to a plan, each
 * table in one step. Loading it twice equals loading it once: our chains are rewritten whole, and
 * every jump into them that is there already is taken out before the one at the top is put in.
 *
 * @param chains what shall be; no chains at all removes everything of ours
 * @param saved what is, as printed by `iptables-save`
 */
export function restoreText(chains: readonly Chain[], saved: string): string {
  const tables = new Set([...chains.map(({ table }) => table), ...tablesWithOurs(saved)]);
  return [...tables].map((table) => {
    const wanted = chains.filter((chain) => chain.table === table);
    const present = ourLines(saved, table);
    const declared = present.filter((line) => line.startsWith(`:${OURS}`))
      .map((line) => line.slice(1).split(" ")[0]!);
    const stale = declared.filter((name) => !wanted.some((chain) => chain.name === name));
    const jumps = present.filter((line) => !line.startsWith(":"));
    return [
      `*${table}`,
      ...wanted.map(({ name }) => `:${name} - [0:0]`),
      ...jumps.map((line) => line.replace(/^-A /, "-D ")),
      ...stale.map((name) => `-F ${name}`),
      ...stale.map((name) => `-X ${name}`),
      ...wanted.flatMap(chainLines),
      "COMMIT",
      "",
    ].join("\n");
  }).join("");
}

/** The lines of a plan's rules, as `--dry-run` shows them. */
export function rulesText(chains: readonly Chain[]): string {
  return restoreText(chains, "");
}

function chainLines(chain: Chain): string[] {
  const lines = chain.rules.map((rule) => ["-A", chain.name, ...ruleWords(rule)].join(" "));
  if (chain.hook === undefined) return lines;
  const jump: Rule = { when: chain.hook.when, then: { do: "jump", chain: chain.name } };
  return [...lines, ["-I", chain.hook.chain, "1", ...ruleWords(jump)].join(" ")];
}

function ruleWords({ when, then }: Rule): string[] {
  const isTcp = [...when.map(({ is }) => is), then.do].some((word) => TCP_WORDS.has(word));
  return [...(isTcp ? ["-p", "tcp"] : []), ...when.flatMap(matchWords), ...verdictWords(then)];
}

/** What speaks of TCP; iptables wants to hear so first, and once. */
const TCP_WORDS: ReadonlySet<string> = new Set<Match["is"] | Verdict["do"]>([
  "syn",
  "to port",
  "refuse",
  "redirect",
]);

function matchWords(match: Match): string[] {
  switch (match.is) {
    case "outside":
      return ["!", "-i", "lo"];
    case "syn":
      return ["--syn"];
    case "local":
      return ["-m", "addrtype", "--dst-type", "LOCAL"];
    case "in":
      return ["-m", "set", "--match-set", match.set, match.key];
    case "not in":
      return ["-m", "set", "!", "--match-set", match.set, match.key];
    case "to port":
      return ["-m", "multiport", "--dports", match.ports.join(",")];
    case "redirected":
      return ["-m", "conntrack", "--ctstate", "DNAT"];
    case "short":
      return ["-m", "length", "--length", `0:${match.bytes}`];
  }
}

function verdictWords(verdict: Verdict): string[] {
  switch (verdict.do) {
    case "accept":
      return ["-j", "ACCEPT"];
    case "drop":
      return ["-j", "DROP"];
    case "return":
      return ["-j", "RETURN"];
    case "refuse":
      return ["-j", "REJECT", "--reject-with", "tcp-reset"];
    case "jump":
      return ["-j", verdict.chain];
    case "redirect":
      // REDIRECT would send it to the first address of the interface, where sshd may not listen.
      return ["-j", "DNAT", "--to-destination", `:${verdict.port}`];
    case "add":
      return [
        ...["-j", "SET", "--add-set", verdict.set, verdict.key],
        ...["--exist", "--timeout", String(verdict.seconds)],
      ];
  }
}

function tablesWithOurs(saved: string): string[] {
  return [...saved.matchAll(/^\*(\S+)$/gm)].map(([, table]) => table!)
    .filter((table) => ourLines(saved, table).length > 0);
}

/** The declarations of our chains in one table, and the rules elsewhere that jump into them. */
function ourLines(saved: string, table: string): string[] {
  const section = saved.split(/^\*/m).find((part) => part.startsWith(`${table}\n`)) ?? "";
  return section.split("\n").filter((line) =>
    line.startsWith(`:${OURS}`) ||
    (line.startsWith("-A ") && !line.startsWith(`-A ${OURS}`) && line.includes(` -j ${OURS}`))
  );
}
