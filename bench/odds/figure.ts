/** One place on a curve: what the formula says and what the simulation found. */
export interface Point {
  readonly x: number;
  readonly formula: number;
  readonly simulated: number;
  /** One standard error of `simulated`, in the unit of `simulated`. */
  readonly error: number;
  readonly trials: number;
}

/** A formula, drawn as a line, and its simulation, drawn as marks. */
export interface Curve {
  readonly name: string;
  /** Curves of one group share a colour. */
  readonly group?: string;
  /** The formula as text; `t` traps, `N` ports in the range, `k` addresses. */
  readonly formula: string;
  readonly points: readonly Point[];
}

/** An axis of a picture. */
export interface Axis {
  readonly name: string;
  readonly scale: "log" | "linear";
  /** Chances are written in per cent, everything else as numbers. */
  readonly unit?: "chance";
  /** From one written value of a linear axis to the next. */
  readonly step?: number;
}

/** One picture. */
export interface Figure {
  /** Also the name of the file the picture goes to. */
  readonly name: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  /** Points of the first curve that the picture writes out, by their x. */
  readonly labels?: readonly number[];
}

/** How much to simulate. */
export interface Effort {
  /** Probes for each point, about. */
  readonly probes: number;
}

/** How many standard errors a simulation may lie off its formula before it counts as a mistake. */
export const TOLERANCE = 4;

/**
 * A point whose quantity is a chance.
 *
 * @param met how many of the trials came to it
 */
export function chance(x: number, formula: number, met: number, trials: number): Point {
  // The error follows from the formula: that of a handful of events would be a guess. Two trials are
  // added, one that came to it and one that did not, or a rare event seen once would seem a mistake;
  // what is certain has no error.
  const p = formula === 0 || formula === 1 ? formula : (formula * trials + 1) / (trials + 2);
  const error = Math.sqrt(p * (1 - p) / trials);
  return { x, formula, simulated: met / trials, error, trials };
}

/** A point whose quantity is a mean, from the sum and the sum of squares of what was seen. */
export function mean(
  x: number,
  formula: number,
  sum: number,
  squares: number,
  trials: number,
): Point {
  const simulated = sum / trials;
  const error = Math.sqrt((squares / trials - simulated ** 2) / (trials - 1));
  return { x, formula, simulated, error, trials };
}

/** How many standard errors a point lies off its formula; 0 if it is exact where nothing varies. */
export function deviation({ formula, simulated, error }: Point): number {
  const off = Math.abs(simulated - formula);
  // Sums of floating-point numbers are never quite the number on paper.
  return off <= 1e-9 * Math.abs(formula) ? 0 : off / error;
}

/** Trials that send about so many probes altogether, at least 200. */
export function trialsFor(probes: number, probesPerTrial: number): number {
  return Math.max(200, Math.ceil(probes / probesPerTrial));
}
