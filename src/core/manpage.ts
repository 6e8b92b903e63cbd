import { type CommandSpec, HELP_OPTION } from "./command.ts";
import { signature } from "./help.ts";

/** What a manual says beyond the table of commands: a term and its meaning. */
type Entry = readonly [term: string, text: string];

const EXIT_STATUS: readonly Entry[] = [
  ["0", "done"],
  ["1", "failed: something is wrong with a key, the kernel, the network"],
  ["2", "misuse: something is wrong on the command line"],
  ["10", "the service was on trial (serve --try) and is rolled back"],
];

const ENVIRONMENT: readonly Entry[] = [
  ["C3PO_KEY_FILE", "the file with the key, unless --key names one"],
  ["C3PO_SECRET", "the key itself, the line a key file would hold"],
  ["C3PO_TRAPS, C3PO_BAN_TIME, ...", "for each option of serve a variable that holds its value"],
  ["STATE_DIRECTORY", "where serve keeps its bans; /var/lib/c3po unless set"],
  ["RUNTIME_DIRECTORY", "where serve keeps what ends with it; /run/c3po unless set"],
  ["NO_COLOR", "if set, nothing is coloured or animated"],
];

const FILES: readonly Entry[] = [
  ["/etc/c3po/key", "the server's key, of mode 0600"],
  ["/etc/c3po/server.toml", "the options of serve, with _ for -"],
  ["~/.config/c3po/HOST.key", "a user's key for one host"],
  ["~/.config/c3po/default.key", "a user's key for all other hosts"],
  ["/var/lib/c3po", "bans that outlive serve"],
];

const DESCRIPTION =
  "Server and client share a key. Both compute from it and the time, in minutes of UTC, which port " +
  "leads to sshd and which others are traps. Once a minute the server opens those ports and closes " +
  "the ones before. Whoever touches a trap is shut out; the client goes straight to the right port. " +
  "Sessions outlive the minute they began in.";

/**
 * The manual page c3po(1), for troff with the macros of man(7), from the table of commands.
 *
 * @param version of the program, as in `0.1.0`
 */
export function manPage(commands: readonly CommandSpec[], version: string): string {
  return [
    `.TH C3PO 1 "" "c3po ${version}" "User Commands"`,
    section("NAME"),
    "c3po \\- move the SSH port every minute, and shut out whoever touches a wrong one",
    section("SYNOPSIS"),
    ".B c3po",
    ".I command",
    "[options]",
    section("DESCRIPTION"),
    escaped(DESCRIPTION),
    section("COMMANDS"),
    ...commands.flatMap(commandPart),
    section("EXIT STATUS"),
    ...entries(EXIT_STATUS),
    ".PP",
    "The exit status of",
    ".B c3po ssh",
    "is that of ssh.",
    section("ENVIRONMENT"),
    ...entries(ENVIRONMENT),
    section("FILES"),
    ...entries(FILES),
    section("SEE ALSO"),
    ".BR ssh (1),",
    ".BR ssh_config (5),",
    ".BR sshd (8),",
    ".BR iptables (8),",
    ".BR ipset (8)",
    "",
  ].join("\n");
}

function commandPart(command: CommandSpec): string[] {
  return [
    `.SS ${escaped(`c3po ${command.name}`)}`,
    escaped(`${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`),
    ...command.usage.flatMap((line) => [".PP", ".RS", `.B ${escaped(`c3po ${line}`)}`, ".RE"]),
    ...entries(
      [...command.options, HELP_OPTION].map((option): Entry => [
        signature(option),
        option.text + (option.many ? " (repeatable)" : ""),
      ]),
    ),
    ...(command.about ?? []).flatMap((paragraph) => [".PP", escaped(paragraph)]),
  ];
}

function section(title: string): string {
  return `.SH ${title}`;
}

function entries(list: readonly Entry[]): string[] {
  return list.flatMap(([term, text]) => [".TP", `.B ${escaped(term)}`, escaped(text)]);
}

/**
 * Text as troff prints it unchanged: `-` is not a hyphen, a line must not begin like a request, and
 * what is not ASCII goes by its code point.
 */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/, "\\&")
    .replace(/[^\x20-\x7e]/gu, (sign) => `\\[u${hex(sign.codePointAt(0)!)}]`);
}

function hex(codePoint: number): string {
  return codePoint.toString(16).toUpperCase().padStart(4, "0");
}
