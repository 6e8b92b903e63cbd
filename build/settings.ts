/** Writes `server.toml.example` from the table of options: `deno task settings`. */
import { settingsExample } from "../src/server/settings_file.ts";

if (import.meta.main) await Deno.writeTextFile("server.toml.example", settingsExample());
