import { assertEquals } from "@std/assert";
import type { Ban, Touch } from "../../../../src/firewall/firewall.ts";
import type { Policy } from "../../../../src/firewall/policy.ts";
import { type Address, FAMILIES, parseBanned } from "../../../../src/os/address.ts";
import type { Door, Window } from "../../../../src/schedule/windows.ts";
import { type Answer, SSH_PORT, TARPIT_PORT, WEB_PORT, type World } from "../world.ts";

/** A port that leads to SSH, one that leads to the other service, and a trap. */
export const DOOR = 4000;
export const WEB_DOOR = 4100;
export const TRAP = 5000;
/** A port that no window names. */
export const CLOSED = 6000;

/** Seconds of the ban that the kernel makes by itself. */
export const BAN_SECONDS = 900;

/** What the scenarios go by, unless they say otherwise: SSH is hidden, the other service is not. */
export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    services: [
      { name: "ssh", port: SSH_PORT, hidden: true, fail: "open" },
      { name: "web", port: WEB_PORT, hidden: false, fail: "closed" },
    ],
    tarpitPort: TARPIT_PORT,
    trigger: "syn",
    scope: "ssh",
    banSeconds: BAN_SECONDS,
    openFirewall: false,
    shares: false,
    ...changes,
  };
}

/** A door of the server's own key. */
export function door(port: number, service = "ssh", user = "default"): Door {
  return { service, port, user };
}

/** A window with the usual ports that has been open for a while and stays open. */
export function openWindow(world: World, changes: Partial<Window> = {}): Window {
  const now = Math.floor(world.seconds());
  return {
    minute: Math.floor(now / 60),
    from: now - 60,
    until: now + 600,
    doors: [door(DOOR), door(WEB_DOOR, "web")],
    traps: [TRAP],
    ...changes,
  };
}

/** Loads the usual rules and a window that is open. */
export async function load(world: World, changes: Partial<Policy> = {}): Promise<void> {
  await world.firewall.load(policy(changes), [openWindow(world)]);
}

/** What a source meets on each of the ports that matter. */
export async function meets(
  world: World,
  source: string,
  ports: readonly number[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const port of ports) answers.push(await world.connect(source, port));
  return answers;
}

/** That a source is banned, of which the engine knows. */
export async function isShutOut(world: World, source: string): Promise<boolean> {
  return await world.connect(source, DOOR) === "refused";
}

/** A fresh address of each family. */
export function strangers(world: World): string[] {
  return FAMILIES.map((family) => world.stranger(family));
}

/** Another address of the same IPv6 /64. */
export function neighbour(address: string): string {
  return address.replace(/::1$/, "::a:1");
}

/** What a ban of an address covers. */
export function unit(address: string): Address {
  return parseBanned(address);
}

/** The bans of the kernel. An engine to which listing is too slow at the moment is asked again. */
export async function listBans(world: World): Promise<readonly Ban[]> {
  for (let tries = 0; tries < 60; tries++) {
    const bans = await world.firewall.bans(10_000);
    if (bans !== null) return bans;
    await world.until(world.seconds() + 1);
  }
  throw new Error("the engine lists no bans");
}

/** Touches as text, in an order that means nothing. */
export function touches(list: readonly Touch[]): string[] {
  return list.map(({ source, port }) => `${source.text} ${port}`).sort();
}

/** What the kernel noted beside what is expected: nothing. */
export async function notesNothing(world: World): Promise<void> {
  const { hits, confirmed, arrivals } = await world.firewall.look();
  assertEquals([touches(hits), confirmed, touches(arrivals)], [[], [], []]);
}
