import { fromFileUrl, join } from "@std/path";
import { run } from "./process.ts";

const PATTERN = /^(c3po-t-(\d+)-[0-9a-f]{6})/;
const TEMPORARY = Deno.env.get("TMPDIR") || "/tmp";

export const REAPER = fromFileUrl(new URL("./reaper.sh", import.meta.url));

/** A name that tells whose it is: `c3po-t-PID-RANDOM`. Its namespaces and its directory begin with it. */
export function newLabName(): string {
  return `c3po-t-${Deno.pid}-${crypto.randomUUID().slice(0, 6)}`;
}

export function labDirectory(lab: string): string {
  return join(TEMPORARY, lab);
}

/** Names of all network namespaces of this machine. */
export async function listNamespaces(): Promise<string[]> {
  return await namesIn("/run/netns").catch((error) => {
    if (error instanceof Deno.errors.NotFound) return []; // no namespace was ever made
    throw error;
  });
}

/** Removes what laboratories of dead processes left behind; returns their names. */
export async function sweepStale(): Promise<string[]> {
  const stale = new Set<string>();
  for (const name of [...await listNamespaces(), ...await namesIn(TEMPORARY)]) {
    const [, lab, pid] = PATTERN.exec(name) ?? [];
    if (lab && pid && !await isAlive(pid)) stale.add(lab);
  }
  for (const lab of stale) await run(REAPER, [lab, labDirectory(lab)]);
  return [...stale];
}

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map((entry) => entry.name);
}

async function isAlive(pid: string): Promise<boolean> {
  return await Deno.stat(`/proc/${pid}`).then(() => true, () => false);
}
