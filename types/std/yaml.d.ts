/** What `@std/yaml` exports, as far as the tests use it. */
declare module "@std/yaml" {
  export interface ParseOptions {
    /** Which kinds of values there are. */
    schema?: "core" | "default" | "failsafe" | "json" | "extended";
    /** Whether the last of two equal keys wins; otherwise they are an error. */
    allowDuplicateKeys?: boolean;
    /** Called for what is odd, but no error. */
    onWarning?: (error: Error) => void;
  }

  /** @throws {SyntaxError} for a text that is not one YAML document */
  export function parse(content: string, options?: ParseOptions): unknown;
}
