import { FAMILIES } from "../../os/address.ts";
import { Failure } from "../../os/errors.ts";
import { readProc } from "../../os/procfs.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { EngineReport, Limitation } from "../firewall.ts";
import type { Policy } from "../policy.ts";
import { ask, rehearse } from "./nft.ts";
import { TABLE } from "./sets.ts";
import { kernelFeatures } from "./kernel_features.ts";
import { allChains, loadText } from "./table_text.ts";

const FORGETFUL: Limitation = {
  what:
    "this nft cannot keep IPv6 sessions alive when the kernel's table of connections is emptied",
  remedy: "use nft 1.0.7 or later, or do not run conntrack -F while IPv6 sessions are open",
};

/** Has a rule of every kind in it. */
const SAMPLE: Policy = {
  services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
  tarpitPort: 61_023,
  trigger: "syn",
  scope: "all",
  banSeconds: 900,
  openFirewall: false,
  shares: true,
};

/**
 * Has the kernel try all kinds of rules, in a table that never comes to be.
 *
 * @throws {Failure} naming what it does not take
 */
export async function examine(capacity: number): Promise<EngineReport> {
  const version = (await ask(["--version"])).trim();
  const doors = [{ service: "ssh", port: 4000, user: "default" }];
  const windows = [{ minute: 0, from: 0, until: 60, doors, traps: [22, 4001] }];
  const here = await kernelFeatures();
  const chains = allChains(SAMPLE, windows, here);
  try {
    await rehearse(loadText(chains, capacity).replaceAll(TABLE, `${TABLE}-trial`));
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    throw refusalOf(version, error.message);
  }
  return {
    versions: version.replace(/^nftables v(\S+).*$/s, "nftables $1"),
    families: FAMILIES,
    limitations: [
      ...await kernelLimitations(),
      ...(here.notesIpv6 ? [] : [FORGETFUL]),
    ],
  };
}

/** Before this one nft does not know some expressions of the rules; some releases crash over them. */
const OLDEST: readonly number[] = [1, 0, 2];

/**
 * What to tell where nft or the kernel does not take the rules.
 *
 * @param version what `nft --version` says
 * @param message what nft said of the rules
 */
export function refusalOf(version: string, message: string): Failure {
  const old = tooOld(version);
  if (old !== null) {
    return new Failure(`nft ${old} is too old, it rejects the rules`, {
      hint: `install nft ${OLDEST.join(".")} or later; or iptables and ipset, and use ` +
        "--firewall iptables",
    });
  }
  return new Failure(`nftables rejects the rules: ${message}`, {
    hint: `C3PO needs root, nft ${
      OLDEST.join(".")
    } and Linux 5.19, or a version with their features`,
  });
}

/** The version that `nft --version` says, as in `0.9.8`, if it is older than what the rules need. */
export function tooOld(said: string): string | null {
  const [, number] = /\bv(\d+(?:\.\d+)+)/.exec(said) ?? [];
  return number !== undefined && isBefore(number, OLDEST) ? number : null;
}

/** Whether a version, as in `1.0.6`, is older than another. */
function isBefore(version: string, other: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const at = other.findIndex((part, i) => (parts[i] ?? 0) !== part);
  return at >= 0 && (parts[at] ?? 0) < other[at]!;
}

/** From this one on a redirect by port alone does something in a table of both families. */
const REDIRECTS: readonly number[] = [5, 19];

async function kernelLimitations(): Promise<Limitation[]> {
  const release = (await readProc("/proc/sys/kernel/osrelease")).trim();
  const [number] = /^\d+\.\d+/.exec(release) ?? [];
  return number !== undefined && isBefore(number, REDIRECTS)
    ? [{
      what: `Linux ${release} may load redirects in a table of both families and not follow them`,
      remedy: "use Linux 5.19 or later, or c3po serve --firewall iptables",
    }]
    : [];
}
