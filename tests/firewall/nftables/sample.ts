import type { Policy } from "../../../src/firewall/policy.ts";
import type { Window } from "../../../src/schedule/windows.ts";

/** What the tests go by, unless they say otherwise. */
export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    services: [{ name: "ssh", port: 22, hidden: true, fail: "open" }],
    tarpitPort: 61_023,
    trigger: "syn",
    scope: "ssh",
    banSeconds: 900,
    openFirewall: false,
    shares: false,
    ...changes,
  };
}

/** A window with one door and one trap. */
export function openWindow(changes: Partial<Window> = {}): Window {
  const now = Math.floor(Date.now() / 1000);
  return {
    minute: Math.floor(now / 60),
    from: now - 60,
    until: now + 600,
    doors: [{ service: "ssh", port: 4000, user: "default" }],
    traps: [5000],
    ...changes,
  };
}
