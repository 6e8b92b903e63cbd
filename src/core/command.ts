/** One option of a command, as the help, the completions and the man page show it. */
export interface Option {
  /** Long name without the dashes. */
  readonly name: string;
  /** What stands for the value, such as `FILE`; without it the option is a switch. */
  readonly value?: string;
  /** What it does, in one line without a full stop. */
  readonly text: string;
  /** May be given more than once. */
  readonly many?: true;
}

/** A command as the user sees it. */
export interface CommandSpec {
  readonly name: string;
  /** What it does, in one line of the overview. */
  readonly summary: string;
  /** The forms of the call, without the leading `c3po`. */
  readonly usage: readonly string[];
  readonly options: readonly Option[];
  /** Paragraphs behind the options: what a reader of the help needs beyond them. */
  readonly about?: readonly string[];
  /** Words that may stand first, for completions. */
  readonly subcommands?: readonly string[];
  /** Own options are long and stand first; from the first other word on, all belongs to somebody else. */
  readonly passesOn?: true;
}

/** The option that names the key, alike in every command that has one. */
export const KEY_OPTION: Option = {
  name: "key",
  value: "FILE",
  text: "read the key from this file",
};

/** The option that asks for output for scripts. */
export const JSON_OPTION: Option = { name: "json", text: "answer in JSON" };

/** The option that tells a client how many traps its server sets. */
export const TRAPS_OPTION: Option = {
  name: "traps",
  value: "N",
  text: "how many traps the server sets, if not 15",
};

/** The switch that every command has. */
export const HELP_OPTION: Option = { name: "help", text: "show this help" };

/** The commands between a user and a login: they are started without what only others need. */
export const LOGIN_COMMANDS: readonly string[] = ["port", "ssh", "proxy"];
