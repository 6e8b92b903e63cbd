import { Malformed } from "../os/errors.ts";

/** The ports from `low` to `high`, both included. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** What the schedule walks unless the key or the user says otherwise. */
export const DEFAULT_RANGE: PortRange = { low: 1024, high: 65535 };

/** A range smaller than this would be searched by chance too quickly. */
export const SMALLEST_RANGE = 1024;

/**
 * How many ports a range holds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sizeOf({ low: 1024, high: 65535 }), 64_512);
 * ```
 */
export function sizeOf(range: PortRange): number {
  return range.high - range.low + 1;
}

/**
 * Whether a port lies in a range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(contains({ low: 1024, high: 2047 }, 2047), true);
 * assertEquals(contains({ low: 1024, high: 2047 }, 2048), false);
 * ```
 */
export function contains(range: PortRange, port: number): boolean {
  return port >= range.low && port <= range.high;
}

/**
 * Reads a port number, 1 to 65535.
 *
 * @throws {Malformed} if the text is anything else
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parsePort("22"), 22);
 * assertThrows(() => parsePort("65536"), Error, "\"65536\" is not a port number");
 * ```
 */
export function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) {
    throw new Malformed(`"${text}" is not a port number`, { hint: "ports are 1 to 65535" });
  }
  return port;
}

/**
 * Reads a count: a whole number that is not negative.
 *
 * @throws {Malformed} if the text is anything else
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseCount("15"), 15);
 * assertThrows(() => parseCount("1.5"), Error, "\"1.5\" is not a whole number");
 * ```
 */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Malformed(`"${text}" is not a whole number`);
  return Number(text);
}

/**
 * Reads the port range of a schedule, `LO-HI`.
 *
 * @throws {Malformed} if the text is no range, or one of fewer than 1024 ports
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parsePortRange("1024-65535"), { low: 1024, high: 65535 });
 * assertThrows(() => parsePortRange("1024-2000"), Error, "fewer than 1024 ports");
 * ```
 */
export function parsePortRange(text: string): PortRange {
  const range = parseSpan(text);
  if (sizeOf(range) < SMALLEST_RANGE) {
    throw new Malformed(`port range "${text}" holds fewer than ${SMALLEST_RANGE} ports`, {
      hint: "a wider range hides the port better, 1024-65535 by default",
    });
  }
  return range;
}

/**
 * Writes a range as {@linkcode parsePortRange} reads it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatPortRange({ low: 1024, high: 65535 }), "1024-65535");
 * ```
 */
export function formatPortRange(range: PortRange): string {
  return `${range.low}-${range.high}`;
}

/**
 * Reads a list of ports and spans such as `443,8000-8100`.
 *
 * @returns each port once, ascending
 * @throws {Malformed} if any part is neither a port nor a span
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePortList("8000-8002,443"), [443, 8000, 8001, 8002]);
 * ```
 */
export function parsePortList(text: string): number[] {
  const ports = new Set<number>();
  for (const part of text.split(",")) {
    const item = part.trim();
    const { low, high } = item.includes("-")
      ? parseSpan(item)
      : { low: parsePort(item), high: parsePort(item) };
    for (let port = low; port <= high; port++) ports.add(port);
  }
  return [...ports].sort((a, b) => a - b);
}

/**
 * Writes ports as {@linkcode parsePortList} reads them, neighbours joined into spans.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatPortList([8001, 443, 8000, 8002]), "443,8000-8002");
 * ```
 */
export function formatPortList(ports: Iterable<number>): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const spans: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const low = sorted[i]!;
    while (sorted[i + 1] === sorted[i]! + 1) i++;
    spans.push(low === sorted[i] ? String(low) : `${low}-${sorted[i]}`);
  }
  return spans.join(",");
}

/**
 * The widest part of a range without any of some ports, so that no scheduled port can meet one.
 *
 * @returns null if no part of 1024 ports or more is left
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const range = { low: 1024, high: 65535 };
 * assertEquals(widestGap(range, [2000, 9000]), { low: 9001, high: 65535 });
 * assertEquals(widestGap({ low: 1024, high: 2047 }, [1500]), null);
 * ```
 */
export function widestGap(range: PortRange, taken: Iterable<number>): PortRange | null {
  let best: PortRange | null = null;
  let low = range.low;
  const inside = [...new Set(taken)].filter((port) => contains(range, port)).sort((a, b) => a - b);
  for (const port of [...inside, range.high + 1]) {
    const gap = { low, high: port - 1 };
    if (sizeOf(gap) >= SMALLEST_RANGE && (best === null || sizeOf(gap) > sizeOf(best))) best = gap;
    low = port + 1;
  }
  return best;
}

function parseSpan(text: string): PortRange {
  const [, low, high] = /^([1-9]\d{0,4})-([1-9]\d{0,4})$/.exec(text) ?? [];
  const range = { low: Number(low), high: Number(high) };
  if (!(range.low <= 65535 && range.high <= 65535)) {
    throw new Malformed(`"${text}" is not a port range`, { hint: "write it as in 1024-65535" });
  }
  if (range.low > range.high) {
    throw new Malformed(`port range "${text}" ends before it starts`);
  }
  return range;
}
