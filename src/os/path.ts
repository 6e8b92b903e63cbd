import * as posix from "@std/path/posix";
import * as windows from "@std/path/windows";

/**
 * The paths of this system. `@std/path` would choose by itself, but to do so it wakes up the part of
 * Deno that stands in for Node, which takes some ten milliseconds at every start.
 */
export const { basename, dirname, fromFileUrl, join } = Deno.build.os === "windows"
  ? windows
  : posix;
