/** Runs the commands between a user and a login alone: a program of a fifth of the size. */
import { run } from "./src/commands/login_table.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));
