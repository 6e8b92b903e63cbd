import { run } from "./src/cli.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));
