import { c3po, c3poNftables } from "./c3po.ts";
import { endlessh } from "./endlessh.ts";
import { fail2ban } from "./fail2ban.ts";
import { fwknop } from "./fwknop.ts";
import { knockd } from "./knockd.ts";
import type { Peer } from "./peer.ts";
import { plain } from "./plain.ts";
import { portsentry } from "./portsentry.ts";
import { sshguard } from "./sshguard.ts";

/** Everybody who is measured, C3PO first. */
export const PEERS: readonly Peer[] = [
  c3po,
  c3poNftables,
  plain,
  knockd,
  fwknop,
  fail2ban,
  sshguard,
  portsentry,
  endlessh,
];
