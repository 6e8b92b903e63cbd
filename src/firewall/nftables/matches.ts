import type { Address } from "../../os/address.ts";
import type { Window } from "../../schedule/windows.ts";
import type { Service } from "../firewall.ts";

/** Lets in through a door. */
export function doorChain({ port }: Service): string {
  return `door${port}`;
}

/** Within the time of a window. */
export function during({ from, until }: Window): string {
  return `meta time >= ${Math.max(0, from)} meta time < ${until}`;
}

/** A match for each network: in one set, those that overlap would be refused. */
export function fromNetworks(networks: readonly Address[]): string[] {
  return networks.map(({ family, text }) => `${family === 4 ? "ip" : "ip6"} saddr ${text}`);
}
