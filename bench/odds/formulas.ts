/**
 * The odds on paper. Everywhere `N` is the number of ports in the range, `t` the number of traps;
 * with the SSH port that makes `t + 1` open ports a minute. An address ends at the first trap it
 * touches.
 *
 * They all follow from one remark: whoever does not know the key sees the open ports as a random set,
 * and each of them is the SSH port with the same chance.
 */

/** Ports in the default range. */
export const N = 64512;

/**
 * Chance that one address meets sshd before a trap: one of `t + 1` open ports comes first, each with
 * the same chance. Speed, order and the change of minute do not matter.
 */
export function firstIsSsh(t: number): number {
  return 1 / (t + 1);
}

/**
 * Chance of `k` addresses that search one minute together, the next taking over where one ended: the
 * SSH port must be among the first `k` open ports they touch. No way to use `k` addresses is better.
 */
export function together(t: number, k: number): number {
  return Math.min(1, k / (t + 1));
}

/**
 * How many /64 the owner of an IPv6 network of prefix `p` has before all of it is banned: four of a /56, and
 * in a /48 as many of each /56 as do not ban it and one more of four, but 64 at most.
 */
export function climbable(p: number): number {
  if (p >= 56) return Math.min(2 ** (64 - p), 4);
  const narrow = 2 ** (56 - p);
  return Math.min(64, 3 * narrow + Math.min(narrow, 4));
}

/** Chance of `k` addresses that each have a minute of their own. */
export function apart(t: number, k: number): number {
  return 1 - (t / (t + 1)) ** k;
}

/**
 * Chance of `k` addresses that search one minute at the same time, each its own share of `s = N / k`
 * ports: `k/(t+1)` times the chance that a share holds an open port at all.
 */
export function shares(n: number, t: number, k: number): number {
  return (k / (t + 1)) * (1 - noneIn(n, t + 1, n / k));
}

/** Chance that `s` different ports out of `n` miss all of `open` ports: C(n-open, s) / C(n, s). */
export function noneIn(n: number, open: number, s: number): number {
  let none = 1;
  for (let i = 0; i < open; i++) none *= Math.max(0, n - s - i) / (n - i);
  return none;
}

/**
 * Probes an address sends until its ban, on average, if it tries `perMinute` different ports a minute
 * and begins anew with each minute. From `N/t` at one a minute down to `(N+1)/(t+1)` at a whole sweep
 * in one.
 */
export function probesUntilBanned(n: number, t: number, perMinute: number): number {
  // Each probe of a minute is sent if all before it missed the traps; after the last of them the
  // same begins again unless one has hit.
  const missedAll = noneIn(n, t, perMinute);
  const missedAllOneMore = noneIn(n + 1, t + 1, perMinute);
  return (n + 1) / (t + 1) * (1 - missedAllOneMore) / (1 - missedAll);
}

/** Chance that a scanner that no trap bothers has met a port that never moves, after `n` ports. */
export function fixedPort(n: number, probes: number): number {
  return Math.min(1, probes / n);
}

/** The same for a port that moves before each probe. */
export function movingPort(n: number, probes: number): number {
  return 1 - (1 - 1 / n) ** probes;
}

/**
 * Chance of one address while the ports of `minutes` minutes are open together, as within a grace:
 * one SSH port of each among all of them, fewer than `minutes · (t + 1)` because some ports belong to
 * more than one minute. The same as {@linkcode firstIsSsh} for one minute.
 */
export function inGrace(n: number, t: number, minutes: number): number {
  const open = n * (1 - (1 - (t + 1) / n) ** minutes);
  return minutes / open;
}

/**
 * Chance of one address where `s` ports lead to services and `t` are traps: `s/(s+t)`, since every open port
 * is met first with the same chance. Exactly: some of the `s` are the same port, and a trap that falls on
 * a port of this minute or of those beside it is none.
 */
export function firstIsReal(n: number, s: number, t: number): number {
  const real = n * (1 - (1 - 1 / n) ** s);
  const traps = t * (1 - 1 / n) ** (3 * s);
  return real / (real + traps);
}

/** An address that sends probes to any port of any server of a fleet, as they come to its mind. */
export interface FleetScan {
  /** Ports in the range of each server. */
  readonly n: number;
  /** Traps of each server. */
  readonly t: number;
  readonly servers: number;
  /** Probes a second. */
  readonly rate: number;
}

/**
 * Chance that such an address meets sshd of one of the servers within so many seconds, where each bans alone:
 * sshd comes before a trap of that server in one case of `t + 1`, if any of its open ports is met at all.
 */
export function metAlone(
  { n, t, servers, rate, lasting }: FleetScan & { readonly lasting: number },
): number {
  return (1 - Math.exp(-(t + 1) * rate * lasting / (n * servers))) / (t + 1);
}

/**
 * The same where all servers have the ban `delay` seconds after the first touch of a trap. Before that touch,
 * sshd of this server races with the traps of all; behind it, with its own traps, for as long as the ban
 * travels. Of `servers` servers that makes about `1/t + rate * delay / n`.
 */
export function metShared({ n, t, servers, rate }: FleetScan, delay: number): number {
  const sshd = rate / (n * servers);
  const [own, all] = [t * sshd, t * sshd * servers];
  const meanwhile = (1 - Math.exp(-(sshd + own) * delay)) / (t + 1);
  return (sshd + all * (1 - 1 / servers) * meanwhile) / (sshd + all);
}
