/** Reads what `main.ts` has measured. */
import type { Bans, Restart } from "./bans.ts";
import type { Changes } from "./change.ts";
import type { Cost } from "./cost.ts";
import type { Attack } from "./flood.ts";
import type { Machine } from "./harness/machine.ts";
import type { Timed } from "./harness/timing.ts";
import type { Login } from "./login.ts";
import type { Seen } from "./scan.ts";
import type { Rate } from "./small.ts";

/** A file of results. */
export interface Results<T> {
  readonly command: string;
  readonly seconds: number;
  readonly machine: Machine;
  /** What has to be known about this run. */
  readonly note?: string;
  readonly found: T;
}

/** What was found, by question. */
export interface Found {
  readonly small: { readonly starts: readonly Timed[]; readonly rates: readonly Rate[] };
  readonly login: readonly Login[];
  readonly cost: readonly Cost[];
  readonly change: Changes;
  readonly scan: readonly Seen[];
  readonly flood: readonly Attack[];
  readonly bans: { readonly stores: readonly Bans[]; readonly serve: readonly Restart[] };
}

/** The results of one question in a folder. */
export async function resultsOf<Q extends keyof Found>(
  folder: string,
  question: Q,
): Promise<Results<Found[Q]>> {
  return JSON.parse(await Deno.readTextFile(`${folder}/${question}.json`));
}
