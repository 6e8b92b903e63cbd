import { decodeBase64Url } from "@std/encoding/base64url";
import { fromFileUrl, join } from "@std/path";
import type { Namespace } from "./namespace.ts";

const TELLING = fromFileUrl(new URL("./telling.sh", import.meta.url));
const FAMILIES = ["iptables", "ip6tables"];
const TOOLS = [
  ...["ipset", "nft", "ss", "conntrack", "stdbuf", "xtables-monitor", "cat", "ip"],
  ...FAMILIES.flatMap((name) => [name, `${name}-save`, `${name}-restore`]),
];

/** Tools that keep what `serve` tells them in their arguments and their environment. */
export interface TellingTools {
  /** For `ServeOptions.tools`. */
  readonly folder: string;
  told(): Promise<string>;
}

export async function tellingTools(machine: Namespace): Promise<TellingTools> {
  const folder = join(machine.directory, "telling-tools");
  await Deno.mkdir(folder);
  for (const name of TOOLS) {
    // One that this machine does not have stays missing.
    const there = ["/usr/sbin", "/usr/bin"].map((bin) => Deno.stat(`${bin}/${name}`));
    if (await Promise.any(there).then(() => true, () => false)) {
      await Deno.symlink(TELLING, join(folder, name));
    }
  }
  return { folder, told: () => Deno.readTextFile(join(folder, "told")) };
}

/** Where a secret is found, in any spelling of its bytes. @param lines random keys @param texts by their name */
export function leaks(lines: readonly string[], texts: Readonly<Record<string, string>>): string[] {
  const secrets = lines.flatMap((line) => {
    const [, body] = /c3po-1-([\w-]{43})/.exec(line)!;
    const bytes = decodeBase64Url(body!);
    return [body!, bytes.toBase64().slice(0, 43), bytes.toHex(), bytes.join(",")];
  });
  return Object.entries(texts)
    .filter(([, text]) => secrets.some((secret) => text.includes(secret)))
    .map(([name]) => name);
}

/** The command lines of all processes, and the environments of one and of all that it started. */
export async function processesOf(machine: Namespace, pid: number): Promise<string> {
  const all = await machine.must("ps", ["axww", "-o", "pid=,ppid=,args="]);
  const ours = new Set([pid]);
  for (const line of all.trim().split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (ours.has(parent!)) ours.add(child!);
  }
  const environments = [...ours].map((each) =>
    Deno.readTextFile(`/proc/${each}/environ`).catch(() => "") // it has just ended
  );
  return [all, ...await Promise.all(environments)].join("\n");
}

/** What is in the files of some folders, but for those that hold keys. */
export async function filesIn(
  folders: readonly string[],
  keys: readonly string[],
): Promise<string> {
  let all = "";
  for (const folder of folders) {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || keys.includes(name)) continue;
      // One that is being written has another name a moment later.
      all += await Deno.readTextFile(join(folder, name)).catch(() => "");
    }
  }
  return all;
}
