import { wrap } from "../os/wrap.ts";
import type { ServerOption } from "./option_kinds.ts";
import { OPTIONS, settingName } from "./options.ts";
import { SERVICE_LINES } from "./service_settings.ts";
import { SHARE_LINES } from "./share_settings.ts";

/** One setting, as a line of `server.toml` shows it. */
export interface SettingLine {
  /** Its name in the file, such as `ban_time`. */
  readonly name: string;
  /** Its default as TOML has it, or an example of a value. */
  readonly value: string;
  /** Whether the value is the one that holds where the setting is missing. */
  readonly isDefault: boolean;
  /** Whether it may be a list. */
  readonly isList: boolean;
  /** What it does, in one line without a full stop. */
  readonly text: string;
}

/** Every option of `serve` as a setting, in the order of the help. */
export const SETTING_LINES: readonly SettingLine[] = Object.entries(OPTIONS).map(
  ([property, row]) => {
    const { value, text, many, shown, example }: Omit<ServerOption<unknown>, "parse"> = row;
    return {
      name: settingName(property),
      value: shown === undefined ? example ?? "" : asToml(shown),
      isDefault: shown !== undefined || value === "",
      isList: many === true,
      text: text + choices(value),
    };
  },
);

/** What there is to choose from, for a value such as `syn|handshake` or `D|off`. */
function choices(value: string): string {
  if (!value.includes("|")) return "";
  const words = value.split("|").map((word) => word === "D" ? "a duration" : `"${word}"`);
  return ` (${words.slice(0, -1).join(", ")} or ${words.at(-1)})`;
}

/** What of TOML a value without quotes is: a number as it is, everything else as a string. */
function asToml(text: string): string {
  return /^\d+$/.test(text) ? text : JSON.stringify(text);
}

const HEAD = [
  "Settings of c3po serve. Copy this file to /etc/c3po/server.toml, and remove the # in front of " +
  "the settings to change. Each has its default here, or an example where it says so.",
  "Flags override the environment (C3PO_TRAPS for traps), the environment overrides this file.",
  'Durations are strings such as "90s", "15m" or "1h30m".',
  "After a change: c3po check, then systemctl reload c3po. man c3po-server.toml has the details.",
];

const SERVICE_HEAD = [
  "A service beside sshd, with ports of its own that only its users can compute: c3po forward HOST " +
  "--service postgres. Twelve at most, each in a table of its own, after all settings above.",
];

const SHARE_HEAD = [
  "Bans that are shared with other servers over Redis or Valkey; docs/FLEET.md shows how.",
];

const WIDTH = 80;

/**
 * The text of `server.toml.example`: every setting as a comment, `#name = value`, below what it does.
 * With the `#` in front of each setting removed it is a settings file.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 *
 * assert(settingsExample().includes('\n# duration of a first ban\n#ban_time = "15m"\n'));
 * ```
 */
export function settingsExample(): string {
  const service = [...SERVICE_HEAD.flatMap(comment), "#[service.postgres]"];
  const share = [...SHARE_HEAD.flatMap(comment), "#[share]"];
  const parts = [
    HEAD.flatMap(comment),
    ...SETTING_LINES.map(commented),
    service,
    ...SERVICE_LINES.map((line) => commented({ ...line, isDefault: true })),
    share,
    ...SHARE_LINES.map(commented),
  ];
  return parts.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function commented(
  { name, value, isDefault, text }: Pick<SettingLine, "name" | "value" | "isDefault" | "text">,
): string[] {
  return [...comment(isDefault ? text : `${text}; for example`), `#${name} = ${value}`];
}

function comment(text: string): string[] {
  return wrap(text, WIDTH - 2).map((line) => `# ${line}`);
}
