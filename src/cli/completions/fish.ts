import type { CommandSpec, Option } from "../command.ts";
import { choices, isFile, optionsOf, takesHost } from "./words.ts";

/** The completion script for fish, 3.0 or newer. */
export function fishCompletion(commands: readonly CommandSpec[]): string {
  return [
    "# fish completion for c3po; load it with: c3po completions fish | source",
    "",
    "function __c3po_at --description 'true after this many words, the second as given'",
    "    set -l words (commandline -opc)",
    '    test (count $words) -ge $argv[1]; and test "$words[2]" = "$argv[2]"',
    "end",
    "",
    "function __c3po_first",
    "    test (count (commandline -opc)) -eq $argv[1]",
    "end",
    "",
    "complete -c c3po -f",
    "complete -c c3po -n '__c3po_first 1' -l help -d 'show the commands'",
    "complete -c c3po -n '__c3po_first 1' -l version -d 'print the version'",
    ...commands.flatMap(lines),
    "",
  ].join("\n");
}

function lines(command: CommandSpec): string[] {
  const { name, summary, subcommands } = command;
  const inside = `complete -c c3po -n '__c3po_at 2 ${name}'`;
  return [
    `complete -c c3po -n '__c3po_first 1' -a ${name} -d ${quoted(summary)}`,
    ...optionsOf(command).map((option) => `${inside} ${optionWords(option)}`),
    ...(subcommands ?? []).map((word) =>
      `complete -c c3po -n '__c3po_first 2; and __c3po_at 2 ${name}' -a ${word}`
    ),
    ...(takesHost(command) ? [`${inside} -a '(__fish_print_hostnames)'`] : []),
  ];
}

function optionWords(option: Option): string {
  const words = choices(option);
  const value = option.value === undefined
    ? ""
    : isFile(option)
    ? " -r -F"
    : words.length > 0
    ? ` -x -a '${words.join(" ")}'`
    : " -x";
  return `-l ${option.name}${value} -d ${quoted(option.text)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
