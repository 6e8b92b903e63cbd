/** Runs a program and tells what it prints. @throws {Error} with what it complains of */
export async function runOk(words: readonly string[]): Promise<string> {
  const [program, ...args] = words;
  const { success, stdout, stderr } = await new Deno.Command(program!, { args, stdin: "null" })
    .output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program}: ${err}${out}`);
  return out!;
}
