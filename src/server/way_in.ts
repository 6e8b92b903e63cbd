import type { ServerConfig } from "./options.ts";
import { isPrivate, refuseLockout } from "./lockout.ts";
import { formatPortRange, type PortRange } from "../schedule/ports.ts";
import type { AdminSession } from "../os/admin_session.ts";
import { eventLog } from "../os/event_log.ts";
import type { Listeners } from "../os/socket_tables.ts";

const log = eventLog("serve");

/**
 * Checks that the administrator could log in again, before anything is changed.
 *
 * @param listeners who listens on this machine
 * @param taken ports that services of this machine have, or that other rules forward
 * @throws {Failure} if not, unless `force` is set
 */
export function checkWayIn(
  config: ServerConfig,
  range: PortRange,
  { system, ordinary }: Listeners,
  taken: readonly number[],
  admin: AdminSession | null,
  force: boolean,
): void {
  if (!force) {
    refuseLockout({
      sshPort: config.sshPort,
      range,
      taken: new Set([...taken, ...config.exclude]),
      listens: system.has(config.sshPort) || ordinary.has(config.sshPort),
      cameInAt: admin?.serverPort ?? null,
    });
  }
  if (admin === null) return;
  if (admin.serverPort !== config.sshPort) {
    log.warn("admin_port", "your SSH session uses a port that C3PO does not hide", {
      port: admin.serverPort,
      next: `to hide it too: --ssh-port ${admin.serverPort}`,
    });
  }
  if (isPrivate(admin.serverAddress) && !isPrivate(admin.address) && config.try === undefined) {
    log.warn("upstream_firewall", "the router or cloud firewall in front must allow C3PO's ports", {
      ports: formatPortRange(range),
      next: "open them there, and use --try 10m until a login has worked",
    });
  }
}
