import { getLogger } from "@logtape/logtape";
import type { ServerConfig } from "../core/server_options.ts";
import { isPrivate, refuseLockout } from "../core/lockout.ts";
import { formatPortRange, type PortRange } from "../core/ports.ts";
import type { AdminSession } from "../host/admin.ts";
import { listeningPorts } from "../host/procfs.ts";

const log = getLogger(["c3po", "serve"]);

/**
 * Looks whether the one who starts `serve` could come back in, before anything is changed.
 *
 * @param taken ports that services have
 * @throws {Failure} if not, unless that is what they want
 */
export async function checkWayIn(
  config: ServerConfig,
  range: PortRange,
  taken: readonly number[],
  admin: AdminSession | null,
  force: boolean,
): Promise<void> {
  const listening = await listeningPorts();
  if (!force) {
    refuseLockout({
      sshPort: config.sshPort,
      range,
      taken: new Set([...taken, ...config.exclude]),
      listens: listening.has(config.sshPort),
      cameInAt: admin?.serverPort ?? null,
    });
  }
  if (admin === null) return;
  if (admin.serverPort !== config.sshPort) {
    log.warn("your session came in at a port that C3PO does not hide", {
      port: admin.serverPort,
      next: `if sshd shall not answer there, use --ssh-port ${admin.serverPort}`,
    });
  }
  if (isPrivate(admin.serverAddress) && !isPrivate(admin.address) && config.try === undefined) {
    log.warn("a router or cloud firewall stands before this machine and must let C3PO's ports in", {
      ports: formatPortRange(range),
      next: "open them there; until somebody has logged in once, start with --try 10m",
    });
  }
}
