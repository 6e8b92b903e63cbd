import type { Family } from "../../os/address.ts";
import { C3poError } from "../../os/errors.ts";
import { hasEarlyDemux, seesAllCgroups } from "../../os/procfs.ts";
import { tryTool } from "../../os/tool.ts";
import { LOOKED_UP, type OwnSocket } from "./input_rules.ts";
import { ruleWords } from "./rule_words.ts";

const FOUND: OwnSocket = { is: "with a connection" };

/** A rule that asks for it, in a chain that nothing leads to. */
const TRIAL = `*filter
:C3PO-TRIAL - [0:0]
-A C3PO-TRIAL ${ruleWords({ when: [FOUND], then: { do: "return" } }).join(" ")}
COMMIT
`;

/**
 * How rules of this machine tell a packet of a connection that is there. A match that looks a socket up
 * takes a listener on one address alone for one: with the cookie of a SYN, a bare ACK would open a
 * connection there, also from a banned address. What the kernel itself has found is never a listener.
 */
export async function ownSocket(family: Family): Promise<OwnSocket> {
  try {
    if (!await hasEarlyDemux() || !await seesAllCgroups()) return LOOKED_UP;
    const tool = family === 4 ? "iptables-restore" : "ip6tables-restore";
    const { code } = await tryTool(tool, ["--noflush", "--test"], {
      stdin: TRIAL,
      env: { XTABLES_LOCKFILE: "/dev/null" }, // nothing is changed, so no other tool is in the way
    });
    return code === 0 ? FOUND : LOOKED_UP;
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    return LOOKED_UP;
  }
}
