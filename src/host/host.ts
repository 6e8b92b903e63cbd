import { type Clock, systemClock } from "./clock.ts";
import { systemTerminal, type Terminal } from "./terminal.ts";

/** The parts of the machine that a test replaces. */
export interface Host {
  readonly clock: Clock;
  readonly terminal: Terminal;
  /** A variable of the environment; an empty one counts as unset. */
  env(name: string): string | undefined;
}

/** The machine itself. */
export const systemHost: Host = {
  clock: systemClock,
  terminal: systemTerminal,
  env: (name) => Deno.env.get(name) || undefined,
};

/** Whether this process may change the firewall: root, on Linux, where alone there are servers. */
export function isRoot(): boolean {
  return os === "linux" && Deno.uid() === 0;
}

/** The operating system: `linux`, `darwin`, `windows`, … */
export const os: string = Deno.build.os;

/** The number of this process. */
export const pid: number = Deno.pid;
