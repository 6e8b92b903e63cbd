import { runTool, ToolFailure } from "./tool.ts";

/**
 * The name behind what the user typed, as ssh itself resolves it from its configuration.
 *
 * @returns null if ssh is missing or does not understand the name
 */
export async function resolveHost(name: string | undefined): Promise<string | null> {
  // A name that looks like an option must not become one.
  if (name === undefined || name.startsWith("-")) return null;
  try {
    const answer = await runTool("ssh", ["-G", "--", name]);
    return /^hostname (\S+)$/m.exec(answer)?.[1] ?? null;
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}
