import { LOGIN_COMMANDS } from "./src/core/command.ts";

if (import.meta.main) {
  const [command = ""] = Deno.args;
  const { run } = LOGIN_COMMANDS.includes(command)
    ? await import("./src/login.ts")
    : await import("./src/cli.ts");
  Deno.exit(await run(Deno.args));
}
