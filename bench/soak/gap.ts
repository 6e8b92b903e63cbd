/** One attempt to connect: when it began, in unix milliseconds, and whether it was accepted. */
export interface Attempt {
  readonly at: number;
  readonly open: boolean;
}

/**
 * The longest time in which no attempt was accepted: from the first that failed to the next that did
 * not, or to the last of all. 0 if none failed; at least 1 if one did.
 *
 * @param attempts in the order of their beginning
 */
export function gapOf(attempts: readonly Attempt[]): number {
  let most = 0;
  let since: number | null = null;
  for (const { at, open } of attempts) {
    if (!open) since ??= at;
    if (since !== null) most = Math.max(most, at - since, 1);
    if (open) since = null;
  }
  return most;
}
