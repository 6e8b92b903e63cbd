import { join } from "@std/path";
import { parseKey } from "../../../src/core/key.ts";
import { minuteAt } from "../../../src/core/minute.ts";
import { type MinutePorts, Schedule } from "../../../src/core/schedule.ts";
import type { Namespace } from "./namespace.ts";
import type { Child } from "./process.ts";

/** A key for tests, different from one test process to the next. */
const SECRET = `classic:kernel tests ${crypto.randomUUID()}`;

/** A running `c3po serve`. */
export interface Serving {
  readonly child: Child;
  readonly keyFile: string;
  /** The schedule both ends follow. */
  readonly schedule: Schedule;
  /** The ports of this minute. */
  ports(traps?: number): Promise<MinutePorts>;
  /** Ends it as systemd would, and waits until it has cleaned up. */
  stop(): Promise<Deno.CommandStatus>;
}

/** Writes a key file that `serve` and the clients of a test share. */
export async function writeKey(machine: Namespace, text = SECRET, mode = 0o600): Promise<string> {
  const file = join(machine.directory, "key");
  await Deno.writeTextFile(file, text + "\n");
  await Deno.chmod(file, mode);
  return file;
}

/** Starts `c3po serve` and waits until it says that it has started. */
export async function startServe(machine: Namespace, args: string[] = []): Promise<Serving> {
  const keyFile = await writeKey(machine);
  const schedule = await Schedule.of(parseKey(SECRET));
  const child = machine.spawnC3po(["serve", "--key", keyFile, ...args]);
  await child.waitForLine(/ started /);
  return {
    child,
    keyFile,
    schedule,
    ports: (traps = 15) => schedule.ports(minuteAt(Date.now()), traps),
    stop: () => child.stop(),
  };
}
