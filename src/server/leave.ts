import type { Firewall } from "../firewall/firewall.ts";
import { C3poError } from "../os/errors.ts";
import { eventLog } from "../os/event_log.ts";
import type { ServerConfig } from "./options.ts";
import { policyAfter } from "./policy.ts";
import { TARPIT_PORT } from "./tarpit_policy.ts";

const log = eventLog("serve");

/**
 * Removes what a `serve` has put in place, but for what keeps ports closed that are not to be reachable
 * without it.
 *
 * @param config what was served; null if nothing was, or not yet with a login
 */
export async function leave(firewall: Firewall, config: ServerConfig | null): Promise<void> {
  const rest = config === null ? null : policyAfter(config, TARPIT_PORT);
  if (rest === null) return await firewall.remove();
  const ports = rest.services.map(({ port, proto }) => proto === "udp" ? `udp/${port}` : port);
  try {
    await firewall.load(rest, []);
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    // What is there closes by itself, at the end of the last window.
    log.error("leave_failed", "cannot remove open ports, the kernel closes them on time", {
      error: error.message,
    });
  }
  log.warn("left_closed", "hidden ports stay closed while serve is not running", {
    ports: ports.join(","),
    next: "start it again, or open them: c3po serve --undo",
  });
}
