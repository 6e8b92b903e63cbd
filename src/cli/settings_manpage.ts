import { SERVICE_LINES } from "../server/service_settings.ts";
import { SHARE_LINES } from "../server/share_settings.ts";
import { SETTING_LINES } from "../server/settings_file.ts";
import type { USER_SETTINGS } from "../users/user_file.ts";
import { entries, type Entry, listing, paragraph, section } from "./troff.ts";

/** The settings of a user's file, each as it is written and what it means. */
const USER_ENTRIES: Readonly<Record<(typeof USER_SETTINGS)[number], Entry>> = {
  key: ['key = "c3po-1-..."', "The user's key, a random one. Required."],
  services: [
    'services = ["ssh", "postgres"]',
    'The services the user has ports for. Default: ["ssh"].',
  ],
  expires: [
    "expires = 2027-02-28T00:00:00Z",
    "When the user's ports close for good; a date alone means 00:00 UTC. Default: never.",
  ],
  from: [
    'from = ["198.51.100.0/24"]',
    "The networks the ports are open to; for all others they are traps. Default: all networks.",
  ],
  state: [
    'state = "open"',
    'With "canary" the ports lead nowhere, and a connection to one is reported in the log: someone ' +
    'has the key. With "trap" they are traps. Default: "open".',
  ],
};

const EXAMPLE = [
  "# SSH is on another port, with more traps than usual",
  "ssh_port = 2222",
  "traps = 255",
  "",
  "# ban for an hour at first, and never ban the office",
  'ban_time = "1h"',
  'allow = ["198.51.100.0/24", "2001:db8::/32"]',
  "",
  "# PostgreSQL for: c3po forward HOST --service postgres",
  "[service.postgres]",
  "to = 5432",
];

/**
 * The manual page c3po-server.toml(5), for troff with the macros of man(7), from the table of options:
 * the settings of a server, and the files of its users.
 *
 * @param version of the program, as in `0.1.0`
 */
export function settingsManPage(version: string): string {
  return [
    `.TH C3PO\\-SERVER.TOML 5 "" "c3po ${version}" "File Formats"`,
    section("NAME"),
    "c3po\\-server.toml \\- settings of c3po serve, and of its users",
    section("SYNOPSIS"),
    ".I /etc/c3po/server.toml",
    ".br",
    ".I /etc/c3po/users/NAME.toml",
    section("DESCRIPTION"),
    ...paragraph(
      "The settings of a server are a TOML file. Without it all defaults apply. Each setting is an " +
        "option of c3po serve, with _ for -; flags override environment variables (C3PO_BAN_TIME for " +
        "ban_time), environment variables override the file.",
    ),
    ...paragraph(
      'Numbers and true or false are written without quotes, everything else as a "string". A ' +
        'duration is a string such as "90s", "15m", "1h30m" or "7d". Ports are a number, or a string ' +
        'such as "443,8000-8100". A setting that may be a list takes one value or ["several", "values"].',
    ),
    ...paragraph(
      "serve reads the file when it starts, and again at systemctl reload c3po, which keeps sessions, " +
        "bans and open ports. A file that cannot be used is an error at the start; at a reload the old " +
        "settings stay. An unknown name is an error too. c3po check shows what is wrong.",
    ),
    section("SETTINGS"),
    ...paragraph("Each is shown with its default, or with an example where it says so."),
    ...entries(SETTING_LINES.map(settingEntry)),
    section("SERVICES"),
    ...paragraph(
      "A table [service.NAME] gives a service beside sshd ports of its own, which its users reach with " +
        "c3po forward HOST --service NAME. Tables come after all settings above. There can be twelve. " +
        "If two services have the same port in a minute, the first one in the file gets it.",
    ),
    ...entries(SERVICE_LINES.map(({ name, value, text }): Entry => [
      `${name} = ${value}`,
      sentence(text),
    ])),
    section("SHARED BANS"),
    ...paragraph(
      "The table [share] has this server and others of a fleet tell each other of bans, through a Redis or " +
        "Valkey server and the service c3po-share.",
    ),
    ...entries(SHARE_LINES.map((line) => settingEntry({ ...line, isList: false }))),
    section("USERS"),
    ...paragraph(
      "A file /etc/c3po/users/NAME.toml, mode 0600, gives the user NAME a key of their own. c3po user " +
        "add and c3po user remove write these files. A change takes effect within two seconds while " +
        "serve runs. A file that cannot be used disables this user only.",
    ),
    ...entries(Object.values(USER_ENTRIES)),
    section("EXAMPLE"),
    ...listing(EXAMPLE),
    section("FILES"),
    ...entries([
      ["/etc/c3po/server.toml", "the settings"],
      ["/etc/c3po/users/NAME.toml", "the users"],
      ["/usr/local/share/doc/c3po/server.toml.example", "every setting with its default"],
    ]),
    section("SEE ALSO"),
    ".BR c3po (1)",
    "",
  ].join("\n");
}

function settingEntry(
  { name, value, isDefault, isList, text }: typeof SETTING_LINES[number],
): Entry {
  const notes = [
    isList ? "May be a list." : "",
    isDefault ? "" : "The value is an example.",
  ];
  return [`${name} = ${value}`, [sentence(text), ...notes].filter((each) => each !== "").join(" ")];
}

/** A fragment as a sentence; one that begins with a program's name keeps its small letter. */
function sentence(text: string): string {
  const isName = /^sshd\b/.test(text);
  return `${isName ? text[0] : text[0]!.toUpperCase()}${text.slice(1)}.`;
}
