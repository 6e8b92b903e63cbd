import { runTool } from "../../os/tool.ts";
import { tcpServices, udpServices } from "../access.ts";
import type { Policy } from "../policy.ts";
import { readRuleset } from "../other_tools/ruleset.ts";
import { transact } from "./nft.ts";
import { findDenials, IPTABLES, savedBy } from "../other_tools/input/denials.ts";

/** Marks the rules of ours in chains of others. */
export const MARK = "c3po-let-in";
/** As many ports as one rule of iptables names. */
const MULTIPORT = 15;

/** The TCP ports that have to be let in: those that doors lead to, and the tarpit's. */
export function allowedPorts(policy: Policy): number[] {
  return [...tcpServices(policy).map(({ port }) => port), policy.tarpitPort];
}

/** Those of UDP. */
function datagramOpening(policy: Policy): number[] {
  return udpServices(policy).map(({ port }) => port);
}

/** Whether two policies let in the same. */
export function allowsSamePorts(policy: Policy, other: Policy | undefined): boolean {
  if (other === undefined) return false;
  const text = (each: Policy): string => `${allowedPorts(each)} ${datagramOpening(each)}`;
  return text(policy) === text(other);
}

/**
 * Has every chain that denies by default let in what came through a door, behind its own rules about
 * senders: one marked rule each, by the tool that made the chain, which could not read what another one
 * puts there.
 */
export async function letIn(policy: Policy): Promise<void> {
  const ports = allowedPorts(policy);
  const datagrams = datagramOpening(policy);
  // What denies new connections by default denies the first datagram of a flow as well.
  const openings: (readonly [protocol: string, ports: readonly number[]])[] = [
    ["tcp", ports],
    ...datagrams.length > 0 ? [["udp", datagrams] as const] : [],
  ];
  // A rule of ours is in the way of none of those that are still missing.
  for (const { kind, command } of await findDenials(ports)) {
    if (kind === "nft") {
      const rules = openings.map(([protocol, ports]) =>
        `${command.slice(1).join(" ")} iif != "lo" ${protocol} dport { ${ports.join(", ")} } ` +
        `ct status dnat accept comment "${MARK}"\n`
      );
      await transact(rules.join(""));
      continue;
    }
    const [program, ...place] = command;
    for (const [protocol, ports] of openings) {
      for (let at = 0; at < ports.length; at += MULTIPORT) {
        await runTool(program!, [
          ...["-w", ...place, "!", "-i", "lo", "-p", protocol],
          ...["-m", "multiport", "--dports", ports.slice(at, at + MULTIPORT).join(",")],
          ...["-m", "conntrack", "--ctstate", "DNAT"],
          ...["-m", "comment", "--comment", MARK, "-j", "ACCEPT"],
        ]);
      }
    }
  }
}

/** Removes all those rules, also those of an earlier run. */
export async function letInNoMore(): Promise<void> {
  const { rules } = await readRuleset();
  const marked = rules.filter(({ comment }) => comment === MARK);
  await transact(
    marked.map(({ family, table, chain, handle }) =>
      `delete rule ${family} ${table} ${chain} handle ${handle}\n`
    ).join(""),
  );
  for (const [program] of IPTABLES) {
    for (const line of (await savedBy(program)).split("\n")) {
      if (!line.includes(` --comment ${MARK} `)) continue;
      await runTool(program, ["-w", "-D", ...line.split(" ").slice(1)]);
    }
  }
}
