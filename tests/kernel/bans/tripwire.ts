import { type Namespace, waitFor } from "../lab.ts";

/**
 * A port outside the range of the schedule. With `--tripwire` it is a trap in every minute, so that
 * a test need not care where in the minute it is.
 */
export const TRAP = 23;
export const TRIPWIRE = ["--tripwire", String(TRAP)];

/** A ban, as `c3po ban list --json` tells it. */
export interface Listed {
  address: string;
  family: number;
  seconds: number | null;
  offences: number;
  lastPort: number | null;
}

/** The bans, as an administrator sees them. */
export async function bansOn(server: Namespace): Promise<Listed[]> {
  return JSON.parse(await c3po(server, "ban", "list", "--json"));
}

/** The bans, once each has so many offences: the kernel bans first, then the log tells, then the list. */
export async function bansWith(offences: number, server: Namespace): Promise<Listed[]> {
  let bans: Listed[] = [];
  await waitFor(async () => {
    bans = await bansOn(server);
    return bans.length > 0 && bans.every((ban) => ban.offences === offences);
  }, { what: `bans with ${offences} offences` });
  return bans;
}

/** Runs a c3po that has to succeed. Returns stdout. */
export async function c3po(machine: Namespace, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.c3po(args);
  if (code !== 0) throw new Error(`c3po ${args.join(" ")}: exit code ${code}: ${stderr}`);
  return stdout;
}
