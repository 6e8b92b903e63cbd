import { FAMILIES, type Family } from "../../../os/address.ts";
import { runTool } from "../../../os/tool.ts";
import { ToolFailure } from "../../../os/tool_failure.ts";
import { tcpServices } from "../../access.ts";
import type { Obstacle } from "../../firewall.ts";
import type { Policy } from "../../policy.ts";
import { readRuleset } from "../ruleset.ts";
import { iptablesInput } from "./iptables_input.ts";
import { nftInputs } from "./nft_input.ts";
import { deniedAt } from "./verdict.ts";

/** A chain that denies connections through a door or to the tarpit, except from sources it allows. */
export interface Denial extends Obstacle {
  /** The chain itself: `inet filter input`, `IPv4 INPUT`. */
  readonly chain: string;
  /** The port that is denied. */
  readonly port: number;
  /** The command that puts a rule before the denial, without the rule; the program first. */
  readonly command: readonly string[];
  readonly kind: "nft" | "iptables";
}

/** The iptables there may be, with the family that each is for. */
export const IPTABLES: readonly (readonly [program: string, family: Family])[] = [
  ["iptables-nft", 4],
  ["ip6tables-nft", 6],
  ["iptables-legacy", 4],
  ["ip6tables-legacy", 6],
];

/** All such chains, each once, with the first of some ports that it denies. */
export async function findDenials(ports: readonly number[]): Promise<Denial[]> {
  const found = new Map<string, Denial>();
  const add = ({ remedyRule, ...draft }: Draft): void => {
    const remedy = [...draft.command, remedyRule].join(" ");
    if (!found.has(draft.chain)) found.set(draft.chain, { ...draft, remedy });
  };
  const ruleset = await readRuleset();
  for (const family of FAMILIES) {
    for (const port of ports) {
      const { inputs, chains } = nftInputs(ruleset, { family, port });
      for (const { place, chain, handles } of inputs) {
        const at = deniedAt(chain, chains);
        if (at === null) continue;
        const name = [place.family, place.table, place.name];
        const handle = handles[at];
        add({
          ...described(name.join(" "), handle === undefined, `policy ${place.policy}`, port),
          kind: "nft",
          command: handle === undefined
            ? ["nft", "add", "rule", ...name]
            : ["nft", "insert", "rule", ...name, "position", String(handle)],
          remedyRule: `tcp dport ${port} ct status dnat accept`,
        });
      }
    }
  }
  for (const [program, family] of IPTABLES) {
    const saved = await savedBy(program);
    for (const port of ports) {
      const input = iptablesInput(saved, { family, port });
      const at = input === null ? null : deniedAt(input.chain, input.chains);
      if (at === null) continue;
      const isPolicy = at === input!.chain.rules.length;
      const isLegacy = program.includes("legacy");
      add({
        ...described(
          `IPv${family} INPUT${isLegacy ? " (legacy)" : ""}`,
          isPolicy,
          "policy DROP",
          port,
        ),
        kind: "iptables",
        command: [program, ...(isPolicy ? ["-A", "INPUT"] : ["-I", "INPUT", String(at + 1)])],
        remedyRule: `-p tcp --dport ${port} -m conntrack --ctstate DNAT -j ACCEPT`,
      });
    }
  }
  return [...found.values()];
}

type Draft = Omit<Denial, "remedy"> & { readonly remedyRule: string };

function described(
  chain: string,
  isPolicy: boolean,
  policy: string,
  port: number,
): Pick<Draft, "chain" | "what" | "port"> {
  const what = isPolicy ? `${policy} of ${chain}` : `a rule of ${chain} that denies by default`;
  return { chain, what, port };
}

/**
 * What an iptables has in its tables; nothing where there is no such program, or it cannot read them: of
 * two kinds on one machine, one often does not work.
 */
export async function savedBy(program: string): Promise<string> {
  try {
    return await runTool(`${program}-save`, []);
  } catch (error) {
    if (error instanceof ToolFailure) return "";
    throw error;
  }
}

/** As {@linkcode Firewall.obstacles}. */
export async function findObstacles(policy: Policy): Promise<Obstacle[]> {
  const denials = await findDenials(tcpServices(policy).map(({ port }) => port));
  return denials.map(({ what, remedy, port }) => ({ what: `${what}, for port ${port}`, remedy }));
}
