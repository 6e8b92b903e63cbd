import type { Host } from "./host.ts";

/** Where what outlives a restart is kept. systemd sets the variable for a unit with `StateDirectory=`. */
export function stateFolder(host: Pick<Host, "env">): string {
  return host.env("STATE_DIRECTORY") ?? "/var/lib/c3po";
}

/** Where run-time files live. systemd sets the variable for a unit with `RuntimeDirectory=`. */
export function runtimeFolder(host: Pick<Host, "env">): string {
  return host.env("RUNTIME_DIRECTORY") ?? "/run/c3po";
}
