import { readChronyOffset, readTimesyncOffset } from "../core/clock_offset.ts";
import { ToolFailure, tryTool } from "./tool.ts";

/** Who may know how far the clock is off, and how to read the answer. */
const SOURCES = [
  { tool: "chronyc", args: ["-c", "tracking"], read: readChronyOffset },
  { tool: "timedatectl", args: ["timesync-status"], read: readTimesyncOffset },
] as const;

const PATIENCE_MS = 2000;

/**
 * How far the clock of this machine is ahead of its time source, as far as a service that sets it
 * can tell.
 *
 * @returns seconds; null if none is there, or has no answer
 */
export async function clockOffset(): Promise<number | null> {
  for (const { tool, args, read } of SOURCES) {
    try {
      const { code, stdout } = await tryTool(tool, args, { timeout: PATIENCE_MS });
      const offset = code === 0 ? read(stdout) : null;
      if (offset !== null) return offset;
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
    }
  }
  return null;
}
