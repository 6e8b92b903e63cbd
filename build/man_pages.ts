import { manPage } from "../src/cli/manpage.ts";
import { settingsManPage } from "../src/cli/settings_manpage.ts";
import { COMMANDS } from "../src/commands/table.ts";
import { VERSION } from "../src/os/version.ts";

/** A manual page. */
export interface ManPage {
  /** The name of its file, which ends in its section. */
  readonly name: string;
  /** For troff. */
  readonly text: string;
  /** Whether it is about servers alone. */
  readonly isServers: boolean;
}

/** Every manual page there is. */
export function manPages(): readonly ManPage[] {
  return [
    { name: "c3po.1", text: manPage(COMMANDS, VERSION), isServers: false },
    { name: "c3po-server.toml.5", text: settingsManPage(VERSION), isServers: true },
  ];
}
