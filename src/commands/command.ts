import type { Arguments } from "../core/arguments.ts";
import type { CommandSpec } from "../core/command.ts";
import type { Host } from "../host/host.ts";

/** A command: what the user sees of it, and what it does. */
export interface Command extends CommandSpec {
  /** @returns the exit code */
  run(args: Arguments, host: Host): Promise<number>;
}
