/** What `@std/toml` exports, as far as it is used. */
declare module "@std/toml" {
  /** @throws {SyntaxError} for a text that is not TOML */
  export function parse(tomlString: string): Record<string, unknown>;
}
