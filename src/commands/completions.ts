import { bashCompletion } from "../cli/completions/bash.ts";
import { fishCompletion } from "../cli/completions/fish.ts";
import { zshCompletion } from "../cli/completions/zsh.ts";
import type { CommandSpec } from "../cli/command.ts";
import { Misuse } from "../os/errors.ts";
import type { Command } from "../cli/command.ts";

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
    summary: "print shell completions for bash, zsh or fish",
    usage: ["completions bash|zsh|fish"],
    subcommands: [...SHELLS.keys()],
    options: [],
    about: [
      "For the current shell: source <(c3po completions bash), the same with zsh, or " +
      "c3po completions fish | source. An installation as root already includes them; fish " +
      "looks for those in /usr/local only where XDG_DATA_DIRS has /usr/local/share, so elsewhere: " +
      "c3po completions fish >~/.config/fish/completions/c3po.fish.",
    ],
    run(args, host) {
      const [shell] = args.take(1, 1, "the shell (bash, zsh or fish)");
      const script = SHELLS.get(shell!);
      if (script === undefined) {
        throw new Misuse(`no completions for "${shell}"`, { hint: "use bash, zsh or fish" });
      }
      host.terminal.raw(script(commands()));
      return Promise.resolve(0);
    },
  };
}
