import type { CommandSpec } from "../command.ts";
import { choices, GLOBAL_SWITCHES, isFile, optionsOf, takesHost } from "./words.ts";

/** The completion script for bash, 3.2 or newer. */
export function bashCompletion(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name }) => name);
  return [
    "# bash completion for c3po; load it with: source <(c3po completions bash)",
    "",
    "_c3po_offer() {",
    "    local each",
    '    while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen "$@")',
    "}",
    "",
    "_c3po_files() {",
    "    compopt -o filenames 2>/dev/null",
    '    _c3po_offer -f -- "$1"',
    "}",
    "",
    "_c3po_hosts() {",
    '    if declare -F _known_hosts_real >/dev/null; then _known_hosts_real -- "$1"',
    '    else _c3po_offer -A hostname -- "$1"; fi',
    "}",
    "",
    "_c3po() {",
    "    local word=$2 before=$3 command=${COMP_WORDS[1]}",
    "    COMPREPLY=()",
    '    if [ "$COMP_CWORD" -eq 1 ]; then',
    `        _c3po_offer -W '${[...names, ...GLOBAL_SWITCHES].join(" ")}' -- "$word"`,
    "        return",
    "    fi",
    '    case "$command $before" in',
    ...commands.flatMap(values),
    "    esac",
    '    case "$command $COMP_CWORD $word" in',
    ...commands.flatMap(options),
    ...commands.flatMap(operands),
    "    esac",
    "}",
    "",
    "complete -F _c3po c3po",
    "",
  ].join("\n");
}

/** What may stand behind an option. */
function values({ name, options }: CommandSpec): string[] {
  return options.filter(({ value }) => value !== undefined).map((option) => {
    const words = choices(option);
    const offer = isFile(option)
      ? '_c3po_files "$word"; return'
      : words.length > 0
      ? `_c3po_offer -W '${words.join(" ")}' -- "$word"; return`
      : "return";
    return `    "${name} --${option.name}") ${offer} ;;`;
  });
}

function options(command: CommandSpec): string[] {
  const names = optionsOf(command).map(({ name }) => `--${name}`);
  return [`    "${command.name} "*" -"*) _c3po_offer -W '${names.join(" ")}' -- "$word" ;;`];
}

function operands(command: CommandSpec): string[] {
  const { name, subcommands } = command;
  const words = subcommands === undefined
    ? []
    : [`    "${name} 2 "*) _c3po_offer -W '${subcommands.join(" ")}' -- "$word" ;;`];
  const hosts = takesHost(command) ? [`    "${name} "*) _c3po_hosts "$word" ;;`] : [];
  return [...words, ...hosts];
}
