import * as posix from "@std/path/posix";
import * as windows from "@std/path/windows";

/**
 * The paths of this system. `@std/path` would choose by itself, but it asks a part of Deno that takes
 * ten milliseconds to wake up, a third of what `c3po port` takes in all (bench/login).
 */
export const { dirname, join } = Deno.build.os === "windows" ? windows : posix;
