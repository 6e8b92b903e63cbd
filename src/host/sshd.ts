import { tryTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/** With conditions in its configuration sshd wants to know whom it is asked about. */
const SOMEBODY = ["-C", "user=root,host=localhost,addr=127.0.0.1"];

/**
 * What sshd goes by, as it prints it itself: each setting with its values.
 *
 * @returns null if there is no sshd, or it does not say
 */
export async function sshdSettings(): Promise<ReadonlyMap<string, readonly string[]> | null> {
  try {
    const { code, stdout } = await tryTool("sshd", ["-T", ...SOMEBODY]);
    if (code !== 0) return null;
    const settings = new Map<string, string[]>();
    for (const line of stdout.split("\n")) {
      const [, name, value] = /^(\w+) (.*)$/.exec(line) ?? [];
      if (name === undefined) continue;
      settings.set(name, [...settings.get(name) ?? [], value!]);
    }
    return settings;
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}

/**
 * How long sshd lets somebody take to log in.
 *
 * @returns seconds, 0 for no limit; null if there is no sshd, or it does not say
 */
export async function loginGraceTime(): Promise<number | null> {
  const seconds = (await sshdSettings())?.get("logingracetime")?.[0];
  return seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) : null;
}
