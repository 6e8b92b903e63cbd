import { join } from "@std/path";
import type { Namespace } from "../kernel/lab.ts";

/** A folder for PATH with a `c3po` that works on a machine of the laboratory, whoever runs it. */
export async function c3poFolder(machine: Namespace): Promise<string> {
  const folder = join(machine.directory, "bin");
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const words = machine.c3poWords([]).map(quoted).join(" ");
  const env = Object.entries(machine.c3poEnv()).map(([name, value]) => `${name}=${quoted(value)}`);
  await Deno.mkdir(folder);
  const script = `#!/bin/sh\nexec env ${env.join(" ")} ${words} "$@"\n`;
  await Deno.writeTextFile(join(folder, "c3po"), script, { mode: 0o755 });
  return folder;
}

/** The addresses that are banned by hand on a machine, in order; of IPv6 their /64. */
export async function bannedByHand(machine: Namespace): Promise<string[]> {
  const { stdout } = await machine.c3po(["ban", "list", "--json"]);
  const bans = JSON.parse(stdout || "[]") as { address: string; origin: string }[];
  return bans.filter(({ origin }) => origin === "hand").map(({ address }) => address).sort();
}
