import { ToolFailure, tryTool } from "./tool.ts";

/** With conditions in its configuration sshd wants to know whom it is asked about. */
const SOMEBODY = ["-C", "user=root,host=localhost,addr=127.0.0.1"];

/**
 * How long sshd lets somebody take to log in.
 *
 * @returns seconds, 0 for no limit; null if there is no sshd, or it does not say
 */
export async function loginGraceTime(): Promise<number | null> {
  try {
    const { stdout } = await tryTool("sshd", ["-T", ...SOMEBODY]);
    const [, seconds] = /^logingracetime (\d+)$/m.exec(stdout) ?? [];
    return seconds === undefined ? null : Number(seconds);
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}
