import type { Finding } from "../../core/finding.ts";
import { backendHere, findIptables, hasIptables } from "../../host/iptables.ts";
import { hasIpv6 } from "../../host/procfs.ts";
import { runTool } from "../../host/tool.ts";

/** The programs that change the firewall. */
export async function toolFindings(): Promise<Finding[]> {
  await findIptables(4);
  const [, iptables = "?"] = /v([\d.]+)/.exec(await runTool("iptables", ["--version"])) ?? [];
  const [, ipset = "?"] = /v([\d.]+)/.exec(await runTool("ipset", ["version"])) ?? [];
  const found = `iptables ${iptables} (${await backendHere()}), ipset ${ipset}`;
  return [{ grade: "ok", what: "tools", found }, await ipv6Finding()];
}

async function ipv6Finding(): Promise<Finding> {
  const what = "IPv6";
  if (!await hasIpv6()) return { grade: "ok", what, found: "this machine has none: only IPv4" };
  if (await hasIptables(6)) {
    await findIptables(6);
    return { grade: "ok", what, found: "served like IPv4" };
  }
  return {
    grade: "warn",
    what,
    found: "there is no ip6tables, so sshd answers over IPv6 as ever",
    todo: "install ip6tables, or have sshd listen on IPv4 alone (ListenAddress 0.0.0.0)",
  };
}
