import { readChronyOffset, readTimesyncOffset } from "../core/clock_offset.ts";
import { ToolFailure, tryTool } from "./tool.ts";

/** Who may know how far the clock is off, and how to read the answer. */
const SOURCES = [
  { tool: "chronyc", args: ["-c", "tracking"], read: readChronyOffset },
  { tool: "timedatectl", args: ["timesync-status"], read: readTimesyncOffset },
] as const;

const PATIENCE_MS = 2000;

/** Sources that are not on this machine: not asked again. */
const missing = new Set<(typeof SOURCES)[number]>();

/**
 * How far the clock of this machine is ahead of its time source, as far as a service that sets it
 * can tell.
 *
 * @returns seconds; null if none is there, or has no answer
 */
export async function clockOffset(): Promise<number | null> {
  for (const source of SOURCES) {
    if (missing.has(source)) continue;
    const { tool, args, read } = source;
    try {
      const { code, stdout } = await tryTool(tool, args, { timeout: PATIENCE_MS });
      const offset = code === 0 ? read(stdout) : null;
      if (offset !== null) return offset;
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      if (error.isMissing) missing.add(source);
    }
  }
  return null;
}
