import { type CommandSpec, HELP_OPTION, type Option } from "../command.ts";

/** What may stand in the place of a command. */
export const GLOBAL_SWITCHES: readonly string[] = ["help", "version", "--help", "--version"];

/** All options of a command, with the one that every command has. */
export function optionsOf(command: CommandSpec): readonly Option[] {
  return [...command.options, HELP_OPTION];
}

/** The words an option chooses from, such as `syn` and `handshake`; empty if its value is free. */
export function choices({ value }: Option): readonly string[] {
  return value?.includes("|") ? value.split("|").filter((word) => /^[a-z]+$/.test(word)) : [];
}

/** Whether the value of an option is a file. */
export function isFile({ value }: Option): boolean {
  return value === "FILE";
}

/** Whether a command takes the name of a host. */
export function takesHost({ usage, passesOn }: CommandSpec): boolean {
  return passesOn === true || usage.some((line) => /\bHOST\b/.test(line));
}
