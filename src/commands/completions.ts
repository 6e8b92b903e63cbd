import { bashCompletion } from "../core/completions/bash.ts";
import { fishCompletion } from "../core/completions/fish.ts";
import { zshCompletion } from "../core/completions/zsh.ts";
import type { CommandSpec } from "../core/command.ts";
import { Misuse } from "../core/errors.ts";
import type { Command } from "./command.ts";

const SHELLS = new Map([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
]);

/**
 * `c3po completions`: what a shell needs to complete command lines.
 *
 * @param commands gives the table of commands, which this one is a part of
 */
export function completions(commands: () => readonly CommandSpec[]): Command {
  return {
    name: "completions",
    summary: "print what bash, zsh or fish needs to complete c3po's words",
    usage: ["completions bash|zsh|fish"],
    subcommands: [...SHELLS.keys()],
    options: [],
    about: [
      "For this shell alone: source <(c3po completions bash), the same with zsh, or " +
      "c3po completions fish | source. An installation as root has them in place already.",
    ],
    run(args, host) {
      const [shell] = args.take(1, 1, "the shell (bash, zsh or fish)");
      const script = SHELLS.get(shell!);
      if (script === undefined) {
        throw new Misuse(`no completions for "${shell}"`, { hint: "there are: bash, zsh, fish" });
      }
      host.terminal.out(script(commands()));
      return Promise.resolve(0);
    },
  };
}
