import { type CommandSpec, HELP_OPTION } from "./command.ts";
import { signature } from "./help.ts";
import { entries, type Entry, escaped, section } from "./troff.ts";

const EXIT_STATUS: readonly Entry[] = [
  ["0", "done"],
  ["1", "failed: something is wrong with a key, the kernel, the network"],
  ["2", "misuse: something is wrong on the command line"],
  ["10", "the trial of a service (serve --try) failed and was rolled back"],
];

const ENVIRONMENT: readonly Entry[] = [
  ["C3PO_KEY_FILE", "the key file, unless --key is given"],
  ["C3PO_SECRET", "the key itself, as a line of a key file; child processes do not inherit it"],
  ["C3PO_DEBUG", "if set, unexpected errors are printed with a stack trace"],
  ["C3PO_TRAPS, C3PO_BAN_TIME, ...", "one variable for each option of serve"],
  ["STATE_DIRECTORY", "where serve saves bans (default /var/lib/c3po)"],
  ["RUNTIME_DIRECTORY", "where serve keeps run-time files (default /run/c3po)"],
  ["NO_COLOR", "if set, output has no colour and no animation"],
];

const FILES: readonly Entry[] = [
  ["/etc/c3po/key", "the server's key, mode 0600"],
  ["/etc/c3po/users/NAME.toml", "the key of a user, services and expiry; mode 0600, folder 0700"],
  ["/etc/c3po/server.toml", "the options of serve, with _ for -, and services"],
  ["~/.config/c3po/HOST.key", "a user's key for one host"],
  ["~/.config/c3po/default.key", "a user's key for all other hosts, or a master key"],
  ["~/.config/c3po/hosts.toml", "host ids, for keys derived from a master key, and doors"],
  ["/var/lib/c3po", "bans and other state, kept across restarts"],
];

const DESCRIPTION =
  "Server and client share a key. From the key and the current UTC minute both compute which port " +
  "leads to sshd and which ports are traps. The server has these ports open for that minute. " +
  "Touching a trap bans the source address; the client connects straight to the right port. " +
  "Sessions continue after their minute has ended.";

/**
 * The manual page c3po(1), for troff with the macros of man(7), from the table of commands.
 *
 * @param version of the program, as in `0.1.0`
 */
export function manPage(commands: readonly CommandSpec[], version: string): string {
  return [
    `.TH C3PO 1 "" "c3po ${version}" "User Commands"`,
    section("NAME"),
    "c3po \\- move the SSH port every minute and ban anyone who touches a wrong port",
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
    ".BR c3po\\-server.toml (5),",
    ".BR ssh (1),",
    ".BR ssh_config (5),",
    ".BR sshd (8),",
    ".BR iptables (8),",
    ".BR ipset (8),",
    ".BR nft (8)",
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
