/**
 * Data from outside, such as a file of JSON, read through a schema that also makes its type:
 * `type Report = InferOutput<typeof REPORT>`.
 */
import * as v from "valibot";
import { Malformed } from "./errors.ts";

/** A number of either sign, with or without a fraction; never infinite, as JSON's `1e999` would be. */
export const finite = v.pipe(v.number(), v.finite());

/** The same, at least 0. */
export const amount = v.pipe(finite, v.minValue(0));

/** A whole number that is at least 0. */
export const count = v.pipe(amount, v.integer());

/**
 * A text that a function reads.
 *
 * @param read throws {@linkcode Malformed} for what it cannot read
 */
export function textReadBy<T>(read: (text: string) => T): v.GenericSchema<string, T> {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return read(dataset.value);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );
}

/**
 * Reads a value by a schema.
 *
 * @returns what the schema makes of it, without properties that the schema does not name
 * @throws {Malformed} where it first differs, as in `recent.0.port is not a number`; the value there
 * may be a secret and is not quoted, unless the function of {@linkcode textReadBy} does
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import * as v from "valibot";
 * import { Malformed } from "./errors.ts";
 *
 * const server = v.object({ name: v.string(), ports: v.array(count) });
 * assertEquals(readBy(server, { name: "web", ports: [22], extra: 1 }), { name: "web", ports: [22] });
 * assertThrows(() => readBy(server, { name: "web", ports: ["x"] }), Malformed, "ports.0 is not a number");
 * ```
 */
export function readBy<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  throw new Malformed(`${v.getDotPath(issue) ?? "it"} ${problem(issue)}`);
}

/**
 * Reads a document of JSON by a schema.
 *
 * @throws {Malformed} for a text that is not JSON, and as {@linkcode readBy} does
 */
export function readJson<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch { // the engine's message quotes the text
    throw new Malformed("it is not JSON");
  }
  return readBy(schema, value);
}

/** What the types of a schema are called; of others the schema itself tells what it expects. */
const NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  finite: "a finite number",
  integer: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

function problem(issue: v.BaseIssue<unknown>): string {
  const { type, kind, received, expected, message } = issue;
  if (type === "raw_transform" || type === "check") return `is refused: ${message}`;
  if (kind === "schema" && received === "undefined") return "is missing";
  if (type === "min_value") return `is not at least ${expected?.replace(">=", "")}`;
  // Of a choice the library writes `("syn" | "handshake")`.
  const choice = expected?.replace(/^\((.*)\)$/, "$1").replaceAll(" | ", " or ");
  return `is not ${NAMES[type] ?? choice ?? "as expected"}`;
}
