import type { Address } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Policy, Service } from "../policy.ts";
import type { Dialect } from "./dialect.ts";
import { FLEET, NETWORK_SETS } from "./sets.ts";

/** Lets in through a door. */
export function doorChain({ port }: Service): string {
  return `door${port}`;
}

/** Within the time of a window. */
export function during({ from, until }: Window): string {
  return `meta time >= ${Math.max(0, from)} meta time < ${until}`;
}

/**
 * Rules for strangers alone, of networks that are banned whole or that other servers reported: an address
 * that has logged in here is not shut out for what its neighbours did, or by what others saw.
 */
export function strangersOf(
  { family, unit }: Dialect,
  { shares }: Policy,
): (verdict: string) => string[] {
  const places = [
    ...(family === 6 ? NETWORK_SETS.map(({ name, mask }) => `ip6 saddr & ${mask} @${name}`) : []),
    ...(shares ? [`${unit} @${FLEET}${family}`] : []),
  ];
  return (verdict) => places.map((place) => `${place} ${unit} != @trust${family} ${verdict}`);
}

/** A match for each network: in one set, those that overlap would be refused. */
export function fromNetworks(networks: readonly Address[]): string[] {
  return networks.map(({ family, text }) => `${family === 4 ? "ip" : "ip6"} saddr ${text}`);
}
