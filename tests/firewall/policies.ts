import type { Policy } from "../../src/firewall/policy.ts";
import type { Window } from "../../src/schedule/windows.ts";

/** What `serve` asks of a packet filter unless told otherwise. */
export const POLICY: Policy = {
  services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
  tarpitPort: 61_023,
  trigger: "syn",
  scope: "ssh",
  banSeconds: 900,
  openFirewall: false,
  shares: false,
};

/** A minute's window with a grace of 15 s. */
export function windowAt(minute: number, ssh: number, traps: readonly number[] = []): Window {
  const doors = [{ service: "ssh", port: ssh, user: "default" }];
  return { minute, from: minute * 60 - 15, until: minute * 60 + 75, doors, traps };
}
