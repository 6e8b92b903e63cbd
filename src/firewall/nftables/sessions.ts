import { isConnected } from "../../os/sockets.ts";
import { HOOK, rulesOf, type Table } from "./listing.ts";

/** What keeps sessions alive when the rest is gone. */
export const SESSIONS_TABLE = "inet c3po-sessions";

/**
 * A table that does nothing and makes the kernel go on tracking connections and undoing redirects. Without
 * either it would no longer know to which port a session's packets belong, and reset it. The next load
 * takes it away, and so does a removal when the sessions have ended.
 *
 * @param ports where the sessions are
 */
export function sessionsText(ports: readonly number[]): string {
  const chains = ports.map((port) => `\tchain door${port} {\n\t\tct status dnat return\n\t}\n`);
  const redirects = "type nat hook prerouting priority dstnat + 50; policy accept;";
  return `table ${SESSIONS_TABLE} {\n\tchain redirects {\n\t\t${redirects}\n\t}\n${
    chains.join("")
  }}\n`;
}

/** Where the kernel keeps {@linkcode ANCHOR}. */
export const ANCHOR_TABLE = "inet c3po-anchor";

/**
 * A table that only its owner can change and that goes when its owner ends, so it outlives
 * `nft flush ruleset`. It does the same while C3PO's own rules are put back: without it a session on
 * which something is just being sent would be reset. A kernel before 5.12 knows no owners, and goes
 * without.
 */
export const ANCHOR = [
  `table ${ANCHOR_TABLE} { flags owner; `,
  "chain redirects { type nat hook prerouting priority 900; policy accept; }; ",
  "chain tracking { ct status dnat return; }; }",
].join("");

/**
 * The services whose sessions hang on redirects of these tables and that nothing else would keep alive.
 *
 * @param ours tables in which chains are named after the ports that doors lead to
 */
export async function portsToSpare(
  ours: readonly (Table | undefined)[],
  others: readonly Table[],
): Promise<number[]> {
  if (tracks(others)) return [];
  const spared: number[] = [];
  for (const port of new Set(ours.flatMap(redirects))) {
    if (await isConnected(port)) spared.push(port);
  }
  return spared;
}

/** The ports that doors lead to. */
function redirects(table: Table | undefined): number[] {
  return table?.blocks.flatMap(({ name }) => {
    const [, port] = /^door(\d+)$/.exec(name) ?? [];
    return port === undefined ? [] : [Number(port)];
  }) ?? [];
}

const TRACKING = /\bct (?:state|status)\b|\b(?:dnat|snat|masquerade|redirect)\b/;

/** Whether other tables have the kernel track connections and undo redirects, of both families. */
function tracks(others: readonly Table[]): boolean {
  const families = others.filter(({ blocks, lines }) =>
    !lines.some((line) => /\bowner\b/.test(line)) && // it may end with its owner, as our own anchor does
    blocks.some(({ lines }) => lines.some((line) => HOOK.exec(line)?.[1] === "nat")) &&
    blocks.some((block) => rulesOf(block).some((rule) => TRACKING.test(rule)))
  ).map(({ family }) => family);
  return families.includes("inet") || (families.includes("ip") && families.includes("ip6"));
}
