import { derive } from "../schedule/derivation.ts";
import type { MasterKey } from "../schedule/key.ts";
import { formatKey } from "../schedule/key_text.ts";
import type { DerivedKey } from "../schedule/derivation.ts";
import { publicKeyOf } from "./member.ts";

/** A user of a fleet and the master key that the user's own keys come from. */
export interface FleetUser {
  readonly name: string;
  readonly services: readonly string[];
  readonly master: MasterKey;
}

/** What one host of a fleet gets. Nothing in it tells of another host, nor of a master key. */
export interface HostKeys {
  /** The key of each user there, in the order of the users. */
  readonly users: readonly { readonly user: FleetUser; readonly key: DerivedKey }[];
  /** The line of the seed by which the host signs. */
  readonly member: string;
  /** The public half of that, for all others. */
  readonly publicKey: string;
}

/**
 * Derives the master key of a user.
 *
 * @throws {Malformed} for a name that no user can have
 */
export async function fleetUser(
  fleet: MasterKey,
  name: string,
  services: readonly string[],
): Promise<FleetUser> {
  return { name, services, master: { ...fleet, bytes: await derive(fleet.bytes, "user", name) } };
}

/**
 * Derives all keys of a host.
 *
 * @throws {Malformed} for an id that no host can have
 */
export async function hostKeys(
  fleet: MasterKey,
  users: readonly FleetUser[],
  id: string,
): Promise<HostKeys> {
  const keys = users.map(async (user) => {
    const bytes = await derive(user.master.bytes, "host", id);
    return { user, key: { ...user.master, kind: "random", bytes } as const };
  });
  const seed = await derive(fleet.bytes, "member", id);
  return {
    users: await Promise.all(keys),
    member: formatKey({ kind: "member", bytes: seed }),
    publicKey: await publicKeyOf(seed),
  };
}
