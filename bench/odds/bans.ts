import { readServerConfig } from "../../src/server/config.ts";

/** How long bans last on paper, in minutes; the simulations ask the real ledger. */
const FIRST = 15;
const LONGEST = 24 * 60;

/** What the ledger is told in the simulations: how `c3po serve` is set up unless told otherwise. */
export const POLICY = readServerConfig([]);

/** After more quiet minutes than this since its last ban an address is a stranger again. */
export const FORGOTTEN = 7 * 24 * 60;

/** From this ban in a row on none grows longer. */
export const LAST_STEP = Math.ceil(Math.log2(LONGEST / FIRST)) + 1;

/**
 * Minutes that a ban lasts.
 *
 * @param count which ban in a row this is, from 1
 */
export function banMinutes(count: number): number {
  return Math.min(LONGEST, FIRST * 2 ** (count - 1));
}
