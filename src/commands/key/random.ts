import { type Host, isRoot } from "../../os/host.ts";
import type { DerivedKey } from "../../schedule/derivation.ts";
import {
  contains,
  DEFAULT_RANGE,
  formatPortList,
  formatPortRange,
  type PortRange,
  widestGap,
} from "../../schedule/ports.ts";
import { newKey } from "../../users/key_files.ts";

/**
 * Makes a random key.
 *
 * @param wanted its range of ports; else, on a server, one without the ports that something listens on
 */
export async function randomKey(wanted: PortRange | undefined, host: Host): Promise<DerivedKey> {
  const range = wanted ?? await freeRange(host);
  return range === undefined ? newKey() : { ...newKey(), range };
}

/** The part of the default range that collides with nothing, if this is a server. */
async function freeRange(host: Host): Promise<PortRange | undefined> {
  if (!isRoot()) return undefined; // a client's own services say nothing about the server's
  const { listeningPorts } = await import("../../os/sockets.ts");
  const { system } = await listeningPorts();
  const taken = [...system].filter((port) => contains(DEFAULT_RANGE, port));
  if (taken.length === 0) return undefined;
  const gap = widestGap(DEFAULT_RANGE, taken);
  const list = formatPortList(taken);
  if (gap === null) {
    host.terminal.note(`c3po: this machine listens on so many ports that no range avoids ${list}`);
    return undefined;
  }
  host.terminal.note(
    `c3po: this machine listens on ${list}; the ports ${formatPortRange(gap)} collide with none`,
  );
  return gap;
}
