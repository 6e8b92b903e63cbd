import { C3poError } from "../../../os/errors.ts";
import { readProc } from "../../../os/procfs.ts";
import { runTool } from "../../../os/tool.ts";
import { ToolFailure } from "../../../os/tool_failure.ts";
import type { Forwards } from "../../firewall.ts";
import { ask } from "../../nftables/nft.ts";
import { iptablesSteps } from "./iptables_steps.ts";
import { type Expression, isOurs, type JsonRuleset, placeOf } from "./nft_json.ts";
import { isUnsupported } from "../kernel_support.ts";
import { readRuleset } from "../ruleset.ts";
import { type Elements, namesIn, nftSteps } from "./nft_steps.ts";
import { type Found, walk } from "./walk.ts";

/** A set that takes longer to list is none of ports. */
const SET_MS = 2000;

const SAVERS = [
  ["iptables-nft-save", "IPv4"],
  ["ip6tables-nft-save", "IPv6"],
  ["iptables-legacy-save", "IPv4 (legacy)"],
  ["ip6tables-legacy-save", "IPv6 (legacy)"],
] as const;

/** The ports that rules of other tools forward, in whatever form. */
export async function findForwards(): Promise<Forwards> {
  const unreadable: string[] = [];
  const found: Found[] = [];
  const attempt = async (what: string, read: () => Promise<Found | null>): Promise<boolean> => {
    try {
      const ports = await read();
      if (ports !== null) found.push(ports);
      return ports !== null;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      unreadable.push(`${what}: ${error.message}`);
      return false;
    }
  };
  const read = new Set<string>();
  for (const [saver, family] of SAVERS) {
    if (await attempt(`iptables of ${family}`, () => savedForwards(saver, family))) read.add(saver);
  }
  await attempt("nftables", () => nftForwards(read, unreadable));
  await attempt("IPVS", () => ipvsForwards(unreadable));
  return {
    ports: new Set(found.flatMap(({ ports }) => [...ports])),
    unreadable: [...unreadable, ...found.flatMap(({ wide }) => wide)],
  };
}

/** @returns null where there is no such tool, or nothing for it in the kernel */
async function savedForwards(saver: string, family: string): Promise<Found | null> {
  try {
    return walk(iptablesSteps(await runTool(saver, []), family));
  } catch (error) {
    if ((error instanceof ToolFailure && error.isMissing) || isUnsupported(error)) return null;
    throw error;
  }
}

async function nftForwards(read: ReadonlySet<string>, unreadable: string[]): Promise<Found> {
  const ruleset = await readRuleset();
  for (const { family, table } of ruleset.rules.filter(isForeignExtension)) {
    const saver = family === "ip" ? "iptables-nft-save" : "ip6tables-nft-save";
    const phrase = `table ${family} ${table}, which iptables made: there is no ${saver} to read it`;
    if (!read.has(saver) && !unreadable.includes(phrase)) unreadable.push(phrase);
  }
  return walk(nftSteps(ruleset, await elementsOf(ruleset, unreadable)));
}

/** Whether a rule has something in it that only iptables can read. */
function isForeignExtension(rule: JsonRuleset["rules"][number]): boolean {
  return !isOurs(rule) && rule.expr.some((expression) => "xt" in expression);
}

/** The elements of the sets that rules before the routing decision refer to, and that are of ports. */
async function elementsOf(ruleset: JsonRuleset, unreadable: string[]): Promise<Elements> {
  const used = new Set(
    ruleset.rules.flatMap((rule) => namesIn(rule).map((name) => placeOf(rule, name))),
  );
  const elements = new Map<string, readonly Expression[]>();
  for (const set of ruleset.sets) {
    const place = placeOf(set, set.name);
    if (isOurs(set) || !used.has(place) || ![set.type].flat().includes("inet_service")) continue;
    try {
      const kind = set.isMap ? "map" : "set";
      const json = await ask(["-j", "list", kind, set.family, set.table, set.name], SET_MS);
      const { nftables } = JSON.parse(json) as { nftables: Expression[] };
      elements.set(place, nftables.flatMap((each) => each[kind]?.elem ?? []));
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      unreadable.push(`the ${set.isMap ? "map" : "set"} ${place} of nftables`);
    }
  }
  return elements;
}

/** Virtual servers take packets on their way in, before anything listens. */
async function ipvsForwards(unreadable: string[]): Promise<Found> {
  const ports = new Set<number>();
  for (const line of (await readProc("/proc/net/ip_vs")).split("\n")) {
    const [, port] = /^TCP\s+\S+:([0-9A-F]{4})\s/.exec(line) ?? [];
    if (port !== undefined) ports.add(parseInt(port, 16));
    if (/^FWM\s/.test(line)) {
      unreadable.push("a virtual server of IPVS that goes by a firewall mark");
    }
  }
  return { ports, wide: [] };
}
