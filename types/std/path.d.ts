/** What `@std/path` exports, as far as it is used: for this system's paths. */
declare module "@std/path" {
  /** The last part of a path, without `suffix` where it ends so. */
  export function basename(path: string, suffix?: string): string;

  /** A path without its last part. */
  export function dirname(path: string | URL): string;

  /**
   * The path of a `file:` URL.
   *
   * @throws {TypeError} for any other URL
   */
  export function fromFileUrl(url: string | URL): string;

  /** The parts joined and normalized. */
  export function join(path?: string | URL, ...paths: string[]): string;
}

/** The same for systems with `/`. */
declare module "@std/path/posix" {
  export { basename, dirname, fromFileUrl, join } from "@std/path";
}

/** The same for systems with `\`. */
declare module "@std/path/windows" {
  export { basename, dirname, fromFileUrl, join } from "@std/path";
}
