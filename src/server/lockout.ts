import { Failure } from "../os/errors.ts";
import { contains, formatPortRange, type PortRange, sizeOf } from "../schedule/ports.ts";

/** What decides whether a start is safe. */
export interface Prospect {
  readonly sshPort: number;
  readonly range: PortRange;
  /** Ports that are never opened. */
  readonly taken: ReadonlySet<number>;
  /** Whether something listens on the SSH port for connections from outside. */
  readonly listens: boolean;
  /** The port that the administrator's SSH session uses; null without one. */
  readonly cameInAt: number | null;
}

const FORCE = "to start anyway: --force";

/**
 * Refuses a start that would lock out the administrator.
 *
 * @throws {Failure} with a hint how to avoid it
 */
export function refuseLockout({ sshPort, range, taken, listens, cameInAt }: Prospect): void {
  const shut = [...taken].filter((port) => contains(range, port) && port !== sshPort).length;
  if (shut * 2 > sizeOf(range)) {
    const share = Math.floor(shut * 100 / sizeOf(range));
    throw new Failure(
      `${share} of 100 ports in ${formatPortRange(range)} are excluded or used by services, ` +
        "so SSH would be closed that often",
      { hint: `exclude fewer, or create a key for another range; ${FORCE}` },
    );
  }
  // From a console, or at boot, sshd may well be started later.
  if (cameInAt === null || listens) return;
  const way = cameInAt === sshPort
    ? ""
    : `your session came in at ${cameInAt}: --ssh-port ${cameInAt}; `;
  throw new Failure(`no sshd listens on port ${sshPort}, so you could not log in again`, {
    hint: way + FORCE,
  });
}

/** Whether an address is of those that routers translate: not reachable from the internet as it is. */
export function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|f[cd]|fe80:)/
    .test(address);
}
