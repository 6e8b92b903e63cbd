/** Who does what in a log of {@link logLines}. */
export interface People {
  /** Banned once, at the first packet. */
  readonly once: string;
  /** Banned so three times. */
  readonly returning: readonly [string, string];
  /** Trusted, and banned for a completed connection. */
  readonly confirmed: string;
  /** Banned by `c3po ban add`. */
  readonly hand: string;
  /** Logs in with an account whose name looks like a line of the log... */
  readonly quoting: string;
  /** ...about this address. */
  readonly quoted: string;
}

/** @param site logs of different sites have no address in common */
export function people(site: number): People {
  const at = (host: number): string => `198.18.${site}.${host}`;
  return {
    once: at(1),
    returning: [at(2), `2001:db8:${site}::2`],
    confirmed: at(3),
    hand: at(4),
    quoting: at(5),
    quoted: at(6),
  };
}
