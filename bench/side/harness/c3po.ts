import { dirname, join } from "@std/path";
import { formatRandomKey, parseKey } from "../../../src/core/key.ts";
import { minuteAt } from "../../../src/core/minute.ts";
import { type MinutePorts, Schedule } from "../../../src/core/schedule.ts";
import type { Child, Namespace } from "../../../tests/kernel/lab.ts";

/** The c3po that is measured: what `install.sh` puts in place, which `bench/run.sh` names in `C3PO_BIN`. */
export function c3poProgram(): string {
  const program = Deno.env.get("C3PO_BIN");
  if (program === undefined) throw new Error("C3PO_BIN is not set: start this with bench/run.sh");
  return program;
}

/** The compiled c3po, where `bench/run.sh` could make one. */
export function compiledProgram(): string | undefined {
  return Deno.env.get("C3PO_COMPILED") || undefined;
}

/** A running server and the key of both ends. */
export interface ServerOfC3po {
  readonly child: Child;
  readonly key: string;
  readonly keyFile: string;
  readonly schedule: Schedule;
  ports(traps?: number): Promise<MinutePorts>;
  /** Lays the key where a user's c3po finds it. */
  giveKey(user: Namespace): Promise<string>;
}

/** Starts `c3po serve` with a random key and waits until it has started. */
export async function startC3po(
  server: Namespace,
  options: readonly string[] = [],
  program = c3poProgram(),
): Promise<ServerOfC3po> {
  const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
  const keyFile = join(server.directory, "key");
  await write(keyFile, key);
  const child = server.spawn(program, ["serve", "--key", keyFile, ...options], {
    cwd: server.directory,
    env: environment(server),
  });
  await child.waitForLine(/ started /, 30_000);
  const schedule = await Schedule.of(parseKey(key));
  return {
    child,
    key,
    keyFile,
    schedule,
    ports: (traps = 15) => schedule.ports(minuteAt(Date.now()), traps),
    giveKey: (user) => write(join(user.home, ".config", "c3po", "default.key"), key),
  };
}

/** Where c3po on that machine keeps its things. */
export function environment(machine: Namespace): Record<string, string> {
  return {
    HOME: machine.home,
    STATE_DIRECTORY: machine.stateDirectory,
    RUNTIME_DIRECTORY: machine.runtimeDirectory,
  };
}

async function write(file: string, key: string): Promise<string> {
  await Deno.mkdir(dirname(file), { recursive: true });
  await Deno.writeTextFile(file, `${key}\n`, { mode: 0o600 });
  return file;
}
