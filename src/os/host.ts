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
  env: (name) => (withheld.get(name) ?? Deno.env.get(name)) || undefined,
};

/** What tells the key, or where it is, and is no business of any program that this one starts. */
const SECRET_VARIABLES = ["C3PO_SECRET", "C3PO_KEY_FILE"];
const withheld = new Map<string, string>();

/**
 * Takes the key out of the environment that every child inherits; ssh may even send it on to the
 * server (`SendEnv`). {@linkcode systemHost} still knows it.
 */
export function withholdSecrets(): void {
  for (const name of SECRET_VARIABLES) {
    const value = Deno.env.get(name);
    if (value === undefined) continue;
    withheld.set(name, value);
    Deno.env.delete(name);
  }
}

/** Whether this process may change the firewall: root, on Linux, where alone there are servers. */
export function isRoot(): boolean {
  return os === "linux" && Deno.uid() === 0;
}

/** The operating system: `linux`, `darwin`, `windows`, … */
export const os: string = Deno.build.os;

/** The number of this process. */
export const pid: number = Deno.pid;

/** Where what outlives a restart is kept. systemd sets the variable for a unit with `StateDirectory=`. */
export function stateFolder(host: Pick<Host, "env">): string {
  return host.env("STATE_DIRECTORY") ?? "/var/lib/c3po";
}

/** Where run-time files live. systemd sets the variable for a unit with `RuntimeDirectory=`. */
export function runtimeFolder(host: Pick<Host, "env">): string {
  return host.env("RUNTIME_DIRECTORY") ?? "/run/c3po";
}
