import { exists } from "./files.ts";
import { Failure } from "./errors.ts";
import { runTool, tryTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** A unit as systemd knows it: running means now and at each boot. */
export type UnitState = "running" | "stopped" | "unknown" | "none";

/** A folder that is there where systemd runs the machine, as sd_booted(3) has it. */
const BOOTED = "/run/systemd/system";
/** A start waits until the service is ready, and that may take its time. */
const START_MS = 120_000;

/**
 * What systemd knows of a unit; `none` where systemd does not run the machine.
 *
 * @param unit its name, such as `c3po`
 */
export async function unitState(unit: string): Promise<UnitState> {
  if (!await exists(BOOTED)) return "none";
  try {
    if ((await tryTool("systemctl", ["cat", unit])).code !== 0) return "unknown";
    const answers = await Promise.all([
      tryTool("systemctl", ["is-enabled", "--quiet", unit]),
      tryTool("systemctl", ["is-active", "--quiet", unit]),
    ]);
    return answers.every(({ code }) => code === 0) ? "running" : "stopped";
  } catch (error) {
    if (error instanceof ToolFailure && error.isMissing) return "none";
    throw error;
  }
}

/**
 * Has a unit start now and at each boot.
 *
 * @throws {Failure} if it does not start
 */
export async function enableUnit(unit: string): Promise<void> {
  try {
    await runTool("systemctl", ["enable", "--now", unit], { timeout: START_MS });
  } catch (error) {
    if (!(error instanceof ToolFailure)) throw error;
    throw new Failure(error.message, {
      hint: `journalctl -u ${unit} -n 20 says why`,
      cause: error,
    });
  }
}
