/**
 * Reads what `chronyc -c tracking` prints: one line of fields, of which the fifth is how far the
 * system clock is behind the source, in seconds (chronyc's manual, "tracking").
 *
 * @returns seconds the clock is ahead; null while it is not synchronised
 */
export function readChronyOffset(text: string): number | null {
  const fields = text.trim().split(",");
  const [, , stratum, , behind] = fields;
  if (fields.length < 14 || stratum === "0" || !isNumber(behind)) return null;
  return -Number(behind) || 0;
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 };

/**
 * Reads the line `Offset:` of what `timedatectl timesync-status` prints, such as `-1.2ms` or
 * `+1min 2.5s`: how far the source is ahead of this clock.
 *
 * @returns seconds the clock is ahead; null while it is not synchronised
 */
export function readTimesyncOffset(text: string): number | null {
  const [, sign, spans] = /^ *Offset: ([+-]?)((?:[\d.]+[a-z]+ ?)+)$/m.exec(text) ?? [];
  if (spans === undefined) return null;
  let seconds = 0;
  for (const [, digits, unit] of spans.matchAll(/([\d.]+)([a-z]+)/g)) {
    const size = UNITS[unit!];
    if (size === undefined || !isNumber(digits)) return null;
    seconds += Number(digits) * size;
  }
  return (sign === "-" ? seconds : -seconds) || 0;
}

function isNumber(text: string | undefined): boolean {
  return /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text ?? "");
}
