/** How long bans last, in minutes, as `c3po serve` does it unless told otherwise. */
const FIRST = 15;
const LONGEST = 24 * 60;

/** An address whose last ban ended so long ago is a stranger again, in minutes. */
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
