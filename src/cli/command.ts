import type { C3poError } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import type { Arguments } from "./arguments.ts";

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
  /** Own options are long and come first; everything from the first other word on belongs to another program. */
  readonly passesOn?: true;
}

/** The option that names the key, alike in every command that has one. */
export const KEY_OPTION: Option = {
  name: "key",
  value: "FILE",
  text: "read the key from this file",
};

/** The option that asks for output for scripts. */
export const JSON_OPTION: Option = { name: "json", text: "print JSON" };

/** The option that tells a client how many traps its server sets. */
export const TRAPS_OPTION: Option = {
  name: "traps",
  value: "N",
  text: "number of traps on the server; allows trying the ports of adjacent minutes",
};

/** The option that says in which network the address of a server moves. */
export const DOOR_OPTION: Option = {
  name: "door",
  value: "PREFIX/64|off",
  text: "the IPv6 /64 in which the server's address moves (default: as in hosts.toml)",
};

/** The option that asks for the port of another service than SSH. */
export const SERVICE_OPTION: Option = {
  name: "service",
  value: "NAME",
  text: "use the port of this service instead of SSH",
};

/** The option that says for which host a key is derived from a master key. */
export const AS_OPTION: Option = {
  name: "as",
  value: "ID",
  text: "with a master key: the host id (default: the host name as ssh resolves it)",
};

/** The switch that every command has. */
export const HELP_OPTION: Option = { name: "help", text: "show this help" };

/** The commands between a user and a login: they are started without what only others need. */
export const LOGIN_COMMANDS: readonly string[] = ["port", "ssh", "proxy"];

/** A command: what the user sees of it, and what it does. */
export interface Command extends CommandSpec {
  /** @returns the exit code */
  run(args: Arguments, host: Host): Promise<number>;
  /**
   * Tells of a failure where the command's reader is a program that does not hear stderr, before it
   * is reported there.
   */
  lastWords?(error: C3poError, host: Host): Promise<void>;
}
