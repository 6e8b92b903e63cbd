/** How a tool is run. */
export interface RunOptions {
  /** Whether what it complains about is kept from the user. */
  readonly quiet?: boolean;
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** No step of a build takes longer, so whatever does waits for somebody who never answers. */
const PATIENCE_MS = 300_000;

/**
 * Runs a tool of the build.
 *
 * @throws {Error} if it fails
 */
export async function run(
  tool: string,
  args: readonly string[],
  { quiet = false, env = {} }: RunOptions = {},
): Promise<void> {
  const { code } = await new Deno.Command(tool, {
    args: [...args],
    env,
    stdin: "null",
    stderr: quiet ? "null" : "inherit",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).spawn().status;
  if (code !== 0) throw new Error(`"${tool} ${args[0]}" ended with exit code ${code}`);
}
