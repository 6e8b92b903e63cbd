import { asArgument, Failure } from "../os/errors.ts";
import { readText } from "../os/files.ts";
import type { Host } from "../os/host.ts";
import { join } from "../os/path.ts";
import { parseDoor } from "../schedule/door_address.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { keyFolder } from "../users/key_files.ts";

/** Where it is asked whether a host has a door. */
export interface DoorSearch {
  /** What `--door` says: a network, or `off`. */
  readonly told: string | undefined;
  /** The host as typed. */
  readonly name: string | undefined;
  /** Asks for its name behind that. */
  readonly resolve: () => Promise<string | null>;
}

const OFF = "off";

/**
 * The IPv6 /64 in which the address of a host moves: what `--door` says, else what hosts.toml says of the
 * name that was typed, or of the one that ssh resolves.
 *
 * @param schedule of the key that is used, which has to have addresses
 * @returns null if there is none
 * @throws {Misuse} for a network that is no door
 * @throws {Failure} if hosts.toml cannot be read, or the key gives no address
 */
export async function findDoor(
  search: DoorSearch,
  schedule: Schedule,
  host: Host,
): Promise<string | null> {
  const { told } = search;
  if (told === OFF) return null;
  const door = told === undefined
    ? await notedDoor(search, host)
    : asArgument(() => parseDoor(told));
  if (door !== null && schedule.scheme === "classic") {
    throw new Failure(`a classic secret has ports and no address in the door "${door}"`, {
      hint: "create a random key (c3po key new), or use the port alone with --door off",
    });
  }
  return door;
}

async function notedDoor({ name, resolve }: DoorSearch, host: Host): Promise<string | null> {
  const folder = keyFolder(host);
  if (name === undefined || folder === null) return null;
  // Most users have no such file, and need not wait until what understands it is loaded.
  if (await readText(join(folder, "hosts.toml")) === null) return null;
  const { readHosts } = await import("./hosts_file.ts");
  const hosts = await readHosts(host);
  if (![...hosts.values()].some(({ door }) => door !== undefined)) return null;
  const typed = hosts.get(name.toLowerCase());
  if (typed !== undefined) return typed.door ?? null;
  const resolved = await resolve();
  return (resolved === null ? undefined : hosts.get(resolved.toLowerCase())?.door) ?? null;
}
