import { join } from "@std/path";
import { formatKey } from "../../src/schedule/key_text.ts";
import type { PortRange } from "../../src/schedule/ports.ts";
import { newKey } from "../../src/users/key_files.ts";
import type { User } from "../../src/users/registry.ts";
import type { Namespace } from "../../tests/kernel/lab.ts";

/** Users of ssh, each with a random key. @param range of the ports of all of them */
export function makeUsers(count: number, range?: PortRange): User[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `user${i}`,
    key: range === undefined ? newKey() : { ...newKey(), range },
    services: ["ssh"],
    expires: null,
    from: [],
    state: "open",
    fingerprint: null,
  }));
}

/** Writes a file for each user. @returns the folder that `serve --users` is to be given */
export async function writeUsers(machine: Namespace, users: readonly User[]): Promise<string> {
  const folder = join(machine.directory, "users");
  await Deno.mkdir(folder, { mode: 0o700 });
  for (const { name, key } of users) {
    const text = `key = "${formatKey(key)}"\n`;
    await Deno.writeTextFile(join(folder, `${name}.toml`), text, { mode: 0o600 });
  }
  return folder;
}
