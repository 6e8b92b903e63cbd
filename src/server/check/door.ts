import type { Finding } from "../../os/finding.ts";
import { ipv6Network } from "../../os/ipv6_network.ts";
import { servingProcess } from "../../os/lock.ts";
import { doorTroubles, gatewayInDoor, ROUTED_NETWORK } from "../door.ts";
import type { Checkup } from "./checkup.ts";

/** Whether the network of a door is this machine's, as far as it can tell; nothing without one. */
export async function doorFindings(checkup: Checkup): Promise<Finding[]> {
  const { config: { door }, registry: { users } } = checkup;
  if (door === undefined) return [];
  const what = "door";
  const network = await ipv6Network();
  const { gateways, cutOff, doorless } = doorTroubles(door, network, users);
  const findings: Finding[] = [];
  if (gateways.length > 0) {
    const found = gatewayInDoor(door, gateways);
    findings.push({ grade: "fail", what, found, todo: ROUTED_NETWORK });
  }
  for (const { text, device } of cutOff) {
    const found = `${door} is the network of ${device}, not routed here: ${text} will not answer`;
    findings.push({ grade: "warn", what, found, todo: ROUTED_NETWORK });
  }
  if (doorless.length > 0) {
    const found = `no address for users with a classic key: ${doorless.join(", ")}`;
    findings.push({ grade: "warn", what, found, todo: "give them a random key: c3po key new" });
  }
  if (!network.local.includes(door) && await servingProcess() !== null) {
    const found = `${door} is not local to this machine, though serve runs`;
    findings.push({ grade: "fail", what, found, todo: "read the log: journalctl -u c3po" });
  }
  if (findings.length > 0) return findings;
  const state = network.local.includes(door) ? "is local here" : "becomes local when serve starts";
  const found = `${door} ${state}; whether routers send it here shows only from outside: ` +
    "c3po check HOST";
  return [{ grade: "ok", what, found }];
}
