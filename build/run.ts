/**
 * Runs a tool of the build, with the terminal for its own.
 *
 * @throws {Error} if it fails
 */
export async function run(tool: string, args: readonly string[]): Promise<void> {
  const command = new Deno.Command(tool, { args: [...args], stdin: "null" });
  const { code } = await command.spawn().status;
  if (code !== 0) throw new Error(`"${tool} ${args[0]}" ended with exit code ${code}`);
}
