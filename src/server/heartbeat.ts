import type { Clock } from "../host/clock.ts";
import type { ServiceManager } from "../host/notify.ts";

/**
 * Gives the service manager a sign of life, three times as often as it asks for one, as long as the
 * part of the daemon that matters does its work. Once it does not, silence has us restarted.
 *
 * @param onTime whether the ports that are open are those of this moment
 */
export async function heartbeat(
  service: ServiceManager,
  onTime: () => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (service.patience === null) return;
  while (!signal.aborted) {
    if (onTime()) await service.alive();
    await clock.sleep(service.patience / 3, signal);
  }
}
