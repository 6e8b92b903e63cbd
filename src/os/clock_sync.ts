import {
  type ClockSync,
  readChrony,
  readNtpq,
  readTimedatectl,
  UNKNOWN_SYNC,
} from "./clock_status.ts";
import { tryTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** A time service that does not answer is as good as none. */
const PATIENCE_MS = 2000;

/** In order of how much they know. */
const SOURCES: readonly [string, readonly string[], (text: string) => ClockSync | null][] = [
  ["chronyc", ["-c", "tracking"], readChrony],
  ["ntpq", ["-c", "rv"], readNtpq],
  ["timedatectl", ["show", "--property=NTPSynchronized", "--value"], readTimedatectl],
];

/** How well the clock is synchronised; unknown if no time service can tell. Never fails, never hangs. */
export async function clockSync(): Promise<ClockSync> {
  for (const [tool, args, read] of SOURCES) {
    try {
      const { code, stdout } = await tryTool(tool, args, { timeout: PATIENCE_MS });
      const state = code === 0 ? read(stdout) : null;
      if (state !== null) return state;
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
    }
  }
  return UNKNOWN_SYNC;
}
