import { dirname, join } from "@std/path";
import { formatRandomKey } from "../../../src/schedule/key_text.ts";
import { type Namespace, type Serving, startServe } from "../../../tests/kernel/lab.ts";
import { withConfiguration } from "../../../tests/kernel/lab/users.ts";

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
export interface ServerOfC3po extends Serving {
  /** Lays the key where a user's c3po finds it. */
  giveKey(user: Namespace): Promise<string>;
}

/** Starts `c3po serve` with a random key and waits until it has started. */
export async function startC3po(
  server: Namespace,
  args: readonly string[] = [],
  program = c3poProgram(),
): Promise<ServerOfC3po> {
  const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
  // With a folder of its own in /etc, as everywhere: where there is none it is looked for, again and again.
  const prepare = await withConfiguration(server, "");
  const serving = await startServe(server, { args, key, program: [program], prepare });
  return {
    ...serving,
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
