/** The figures in a text in Prometheus's format. */
export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  /** By name with labels, as written. */
  readonly samples: ReadonlyMap<string, number>;
  /** Whatever breaks the format. */
  readonly broken: readonly string[];
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf|NaN))$/;

/** Reads the text format, version 0.0.4. */
export function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples = new Map<string, number>();
  const broken: string[] = [];
  if (!text.endsWith("\n")) broken.push("the last line has no line feed");
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const map = kind === "HELP" ? helps : types;
      if (map.has(name!)) broken.push(`${kind} of ${name} is there twice`);
      map.set(name!, rest!);
      continue;
    }
    const [, metric, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (metric === undefined) {
      broken.push(`"${line}" cannot be read`);
      continue;
    }
    if (samples.has(metric + labels)) broken.push(`${metric}${labels} is there twice`);
    samples.set(metric + labels, Number(value!.replace("Inf", "Infinity")));
  }
  return { types, helps, samples, broken };
}

const OTHER_UNITS =
  /(?:^|_)(?:milliseconds|microseconds|minutes|hours|days|ms|percent|kilobytes|megabytes)(?:_|$)/;

/**
 * What Prometheus's own linter would say to a text, and what the conventions for names ask beyond
 * that: base units, `_total` for counters and for nothing else, help and type for each metric, a
 * prefix of the program, buckets that grow and end with `+Inf`.
 */
export function complaints(text: string): string[] {
  const { types, helps, samples, broken } = readExposition(text);
  const found = [...broken];
  const families = new Set([...types.keys(), ...helps.keys()]);
  for (const series of samples.keys()) {
    const name = series.replace(/\{.*/s, "");
    const base = name.replace(/_(?:bucket|sum|count)$/, "");
    families.add(types.get(base) === "histogram" ? base : name);
  }
  for (const name of families) {
    const type = types.get(name);
    const own = [...samples.keys()].filter((series) => series.replace(/\{.*/s, "") === name);
    if (type === undefined) found.push(`${name} has no TYPE`);
    if (!helps.has(name)) found.push(`${name} has no HELP`);
    else if (helps.get(name) === "") found.push(`the help of ${name} has no text`);
    if (!name.startsWith("c3po_")) found.push(`${name} is not one that begins with c3po_`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) found.push(`${name} is not written in snake_case`);
    if (OTHER_UNITS.test(name)) found.push(`${name} is not in a base unit`);
    if (type === "counter" && !name.endsWith("_total")) {
      found.push(`the counter ${name} does not end in _total`);
    }
    if (type !== "counter" && name.endsWith("_total")) {
      found.push(`${name} is a ${type}, and only counters end in _total`);
    }
    if (type === "histogram") found.push(...histogramComplaints(name, samples));
    else if (own.length === 0) found.push(`${name} has no sample`);
    for (const series of own) {
      if (type === "counter" && !(samples.get(series)! >= 0)) found.push(`${series} is negative`);
    }
  }
  return found;
}

function histogramComplaints(name: string, samples: ReadonlyMap<string, number>): string[] {
  const buckets = [...samples].filter(([series]) => series.startsWith(`${name}_bucket{`))
    .map(([series, count]) =>
      [Number(/le="(.*)"/.exec(series)![1]!.replace("+Inf", "Infinity")), count] as const
    );
  const found: string[] = [];
  for (let i = 1; i < buckets.length; i++) {
    if (buckets[i]![0] <= buckets[i - 1]![0] || buckets[i]![1] < buckets[i - 1]![1]) {
      found.push(`the buckets of ${name} do not grow`);
    }
  }
  const [bound, count] = buckets.at(-1) ?? [];
  if (bound !== Infinity) found.push(`${name} has no bucket +Inf`);
  if (count !== samples.get(`${name}_count`)) found.push(`${name}_count is not that of +Inf`);
  if (!samples.has(`${name}_sum`)) found.push(`${name} has no sum`);
  return found;
}
