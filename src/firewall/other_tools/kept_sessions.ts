import type { Drift } from "../firewall.ts";
import { C3poError } from "../../os/errors.ts";
import { eventLog } from "../../os/event_log.ts";
import { retry } from "../../os/retry.ts";
import type { Clock } from "../../os/clock.ts";
import { hasTool } from "../../os/tool.ts";
import { type Chain, chainText, OUTSIDE, RUNNING, SYN } from "../nftables/chains.ts";
import { byFamily, DIALECTS } from "../nftables/dialect.ts";
import { findTable, listTables } from "../nftables/listing.ts";
import { transact } from "../nftables/nft.ts";
import { sessionChains } from "../nftables/session_rules.ts";
import { sessionSets } from "../nftables/sets.ts";
import { type KernelFeatures, kernelFeatures } from "../nftables/kernel_features.ts";

const TABLE = "inet c3po-keep";
const GONE: Drift = { kind: "rules", what: `table ${TABLE}` };
/** As the table of the other engine is removed. */
const PERSISTENCE = { tries: 8, pauseMs: 250, what: `remove table ${TABLE}` };

const log = eventLog("firewall");

/**
 * Keeps the sessions of the iptables engine alive when the kernel forgets its connections, as the nftables
 * engine does by itself: no rule of iptables can note to which port a packet has to be rewritten. It takes no
 * decision over who may come in; where nft does not work, such sessions are reset.
 */
export class SessionKeeper {
  #isLoaded = false;
  /** Found once: on a machine that is busy later, nft may not come to say it. */
  #features: KernelFeatures | null = null;

  /** @param ports where the services listen that doors lead to */
  async load(ports: readonly number[]): Promise<void> {
    this.#isLoaded = false;
    try {
      if (!await hasTool("nft")) return;
      this.#features ??= await kernelFeatures();
      await transact(keepText(ports, this.#features.notesIpv6));
      this.#isLoaded = true;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      log.info("sessions_not_kept", "open sessions will not outlive conntrack -F", {
        error: error.message,
      });
    }
  }

  /** What it loads, and with which command; empty where there is no nft. */
  async preview(ports: readonly number[]): Promise<string> {
    if (!await hasTool("nft")) return "";
    const { notesIpv6 } = await kernelFeatures();
    return `# nft -f -\n${keepText(ports, notesIpv6)}`;
  }

  /** What another tool removed. */
  async drift(): Promise<Drift[]> {
    if (!this.#isLoaded) return [];
    try {
      return findTable(await listTables(), TABLE) === undefined ? [GONE] : [];
    } catch (error) {
      // What cannot be read is not taken for absent, nor is it a reason to leave the rules unrepaired.
      if (!(error instanceof C3poError)) throw error;
      return [];
    }
  }

  /** Removes it, also that of an earlier run. */
  async remove(clock: Clock): Promise<void> {
    this.#isLoaded = false;
    if (!await hasTool("nft")) return;
    try {
      if (findTable(await listTables(), TABLE) === undefined) return;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      return; // a kernel without it
    }
    await retry(
      () => transact(`table ${TABLE}\ndelete table ${TABLE}\n`),
      PERSISTENCE,
      clock,
    );
  }
}

/** One transaction that puts it in place, and keeps what is noted. */
export function keepText(ports: readonly number[], notesIpv6: boolean): string {
  const sets = sessionSets().map(({ kind, name, definition }) =>
    `\t${kind} ${name} { ${definition} }\n`
  );
  const chains = keepChains(ports, notesIpv6);
  const heads = chains.map(({ name, hook }) => `\tchain ${name} { ${hook ?? ""} }\n`);
  return [
    `table ${TABLE}\nflush table ${TABLE}\n`,
    `table ${TABLE} {\n${sets.join("")}${heads.join("")}`,
    ...chains.map((chain) => chainText({ ...chain, hook: null })),
    "}\n",
  ].join("");
}

function keepChains(ports: readonly number[], notesIpv6: boolean): Chain[] {
  const services = `{ ${ports.join(", ")} }`;
  return [
    ...DIALECTS.flatMap((dialect) => sessionChains(dialect, dialect.family === 4 || notesIpv6)),
    {
      name: "nat",
      hook: "type nat hook prerouting priority dstnat + 50; policy accept;",
      rules: [`${OUTSIDE} ${RUNNING} fib daddr type local ${byFamily("goto", "resume")}`],
    },
    {
      name: "back",
      hook: "type nat hook postrouting priority srcnat - 50; policy accept;",
      rules: [`oif != "lo" tcp sport ${services} ${RUNNING} ${byFamily("goto", "back")}`],
    },
    {
      name: "input",
      // Behind all rules of iptables: what is noted has passed them.
      hook: "type filter hook input priority filter + 10; policy accept;",
      rules: [
        `${OUTSIDE} tcp dport ${services} ${SYN} ct status dnat ${byFamily("goto", "note")}`,
        `${OUTSIDE} tcp dport ${services} ct status dnat ct direction original ` +
        `numgen random mod 128 0 ${byFamily("goto", "keep")}`,
      ],
    },
  ];
}
