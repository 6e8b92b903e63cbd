import { parse } from "@std/toml";
import { Malformed } from "./errors.ts";

/** A setting of a file that has no tables. */
export interface Setting {
  /** As TOML has it. */
  readonly value: unknown;
  /** What stands behind the `=` on its line, without a comment: a date says there whether it has a zone. */
  readonly raw: string;
}

/** A name and what follows it; the name may be quoted. */
const ASSIGNMENT = /^\s*(?:([A-Za-z0-9_-]+)|"([^"\\]*)"|'([^']*)')\s*=\s*(.*?)\s*$/;

/** What is taken beside plain values. */
export interface FlatTomlOptions {
  /** Whether a value may be a table on its own line, as in `name = { … }`. */
  readonly inlineTables?: boolean;
}

/**
 * Reads TOML without tables. Where the parser is lax this is not: a name given twice is refused, and
 * so is every form that hides a name from a reader.
 *
 * @throws {Malformed} never quoting a value, which may be a secret
 */
export function parseFlatToml(
  text: string,
  { inlineTables = false }: FlatTomlOptions = {},
): ReadonlyMap<string, Setting> {
  const document = parsed(text);
  if (/"""|'''/.test(text)) throw new Malformed("multi-line strings are not supported");
  const settings = new Map<string, Setting>();
  for (const line of text.split("\n")) {
    const [, bare, double, single, raw] = ASSIGNMENT.exec(line) ?? [];
    const name = bare ?? double ?? single;
    if (name === undefined) continue;
    if (settings.has(name)) throw new Malformed(`"${name}" appears twice`);
    const value = Object.hasOwn(document, name) ? document[name] : undefined;
    settings.set(name, { value, raw: raw!.replace(/\s*#.*$/, "") });
  }
  for (const [name, value] of Object.entries(document)) {
    // What stands in the tables of a header has no value by that name in the document itself.
    const isInline = inlineTables && settings.get(name)?.raw.startsWith("{");
    if (settings.has(name) && (isInline || !isTable(value))) continue;
    throw new Malformed(`"${name}" is a table; tables are not supported`, {
      hint: 'put a name with dots into quotes, as in "web1.example.org" = "…"',
    });
  }
  return settings;
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The rest of the message quotes the line.
    const [place] = /line \d+, column \d+/.exec(error.message) ?? ["at some line"];
    throw new Malformed(`not TOML: see ${place}`);
  }
}
