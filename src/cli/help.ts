import { wrap } from "../os/wrap.ts";
import { type CommandSpec, HELP_OPTION, type Option } from "./command.ts";

/** The overview that `c3po --help` prints. */
export function overview(commands: readonly CommandSpec[]): string {
  const rows = commands.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    "c3po moves the SSH port every minute and bans anyone who touches a wrong port",
    "",
    "usage: c3po <command> [options]",
    "",
    ...table(rows),
    "",
    "see c3po <command> --help for details; c3po --version prints the version",
    "",
  ].join("\n");
}

/** What `c3po <command> --help` prints. */
export function helpOf(command: CommandSpec): string {
  const [first, ...others] = command.usage;
  const rows = [...command.options, HELP_OPTION].map((option): [string, string] => [
    signature(option),
    option.text + (option.many ? " (repeatable)" : ""),
  ]);
  const about = (command.about ?? []).flatMap((paragraph) => ["", ...wrap(paragraph, 80)]);
  return [
    ...wrap(`c3po ${command.name}: ${command.summary}`, 80),
    "",
    `usage: c3po ${first}`,
    ...others.map((line) => `       c3po ${line}`),
    "",
    ...table(rows),
    ...about,
    "",
  ].join("\n");
}

/** An option as it is typed: `--traps N`. */
export function signature(option: Option): string {
  return option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
}

/** Rows of columns, each but the last as wide as its widest word. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((word, i) => Math.max(widest[i] ?? 0, word.length)),
    [],
  );
  return rows.map((row) =>
    row.map((word, i) => i === row.length - 1 ? word : word.padEnd(widths[i]!)).join("  ") + "\n"
  ).join("");
}

function table(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) => {
    const [first, ...rest] = wrap(right, 80 - width - 4);
    return [
      `  ${left.padEnd(width)}  ${first}`,
      ...rest.map((line) => " ".repeat(width + 4) + line),
    ];
  });
}
