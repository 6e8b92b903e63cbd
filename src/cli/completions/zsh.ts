import type { CommandSpec, Option } from "../command.ts";
import { choices, isFile, optionsOf, takesHost } from "./words.ts";

/** The completion script for zsh; as a file it is called `_c3po`. */
export function zshCompletion(commands: readonly CommandSpec[]): string {
  return [
    "#compdef c3po",
    "# zsh completion for c3po; load it with: source <(c3po completions zsh)",
    "",
    "_c3po() {",
    "  local -a commands",
    "  commands=(",
    ...commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe -t commands command commands",
    "    _arguments '--help[show the commands]' '--version[print the version]'",
    "    return",
    "  fi",
    "  local command=$words[2]",
    "  shift words",
    "  (( CURRENT-- ))",
    "  case $command in",
    ...commands.flatMap(branch),
    "  esac",
    "}",
    "",
    // As a file in $fpath this script is the body of the function, called with the first <Tab>.
    'if [[ $funcstack[1] == _c3po ]]; then _c3po "$@"; else compdef _c3po c3po; fi',
    "",
  ].join("\n");
}

function branch(command: CommandSpec): string[] {
  const { name, subcommands } = command;
  const first = subcommands === undefined ? [] : [`1:command:(${subcommands.join(" ")})`];
  const hosts = takesHost(command) ? ["*:host:_hosts"] : [];
  const specs = [...optionsOf(command).map(optionSpec), ...first, ...hosts];
  return [
    `  ${name})`,
    "    _arguments \\",
    specs.map((spec) => `      ${quoted(spec)}`).join(" \\\n"),
    "    ;;",
  ];
}

function optionSpec(option: Option): string {
  const { name, value, text, many } = option;
  const words = choices(option);
  const action = isFile(option) ? "_files" : words.length > 0 ? `(${words.join(" ")})` : " ";
  const rest = value === undefined ? "" : `:${escaped(value)}:${action}`;
  return `${many ? "*" : ""}--${name}[${escaped(text)}]${rest}`;
}

/** Colons and brackets have a meaning in the language of `_arguments`. */
function escaped(text: string): string {
  return text.replace(/[\\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
