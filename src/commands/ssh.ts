import { KEY_OPTION } from "../core/command.ts";
import { Misuse } from "../core/errors.ts";
import { minuteAt } from "../core/minute.ts";
import { Schedule } from "../core/schedule.ts";
import { shellCommand } from "../core/shell.ts";
import { readSshArguments } from "../core/ssh_arguments.ts";
import { controlPathArguments, portArguments } from "../core/ssh_settings.ts";
import { runInForeground } from "../host/foreground.ts";
import type { Host } from "../host/host.ts";
import { findKey } from "../host/keyring.ts";
import { askSsh } from "../host/ssh.ts";
import type { Command } from "./command.ts";

/** `c3po ssh`: the ssh of this machine, led to the port of this minute. */
export const ssh: Command = {
  name: "ssh",
  summary: "log in: runs ssh with the port of this minute",
  usage: ["ssh [--key FILE] [--dry-run] ARGS..."],
  options: [
    KEY_OPTION,
    { name: "dry-run", text: "print the command instead of running it" },
  ],
  passesOn: true,
  about: [
    "ARGS are ssh's own, in any order ssh takes them, but for the port: it comes from the key. " +
    "Host names, users, jump hosts and all else are resolved by ssh from its configuration, and " +
    "host keys stay known under the name that plain ssh uses. The exit code is ssh's.",
    "The key is ~/.config/c3po/HOST.key, for HOST as typed or as ssh resolves it, else " +
    "~/.config/c3po/default.key.",
  ],
  async run(args, host) {
    const given = args.operands;
    if (given.length === 0) {
      throw new Misuse("no host given", { hint: "write it as for ssh: c3po ssh user@host" });
    }
    const read = readSshArguments(given);
    if (read.port !== null) {
      throw new Misuse(`"${read.port}" sets a port, but the port comes from the key`, {
        hint: "leave it out, or use ssh itself",
      });
    }
    const go = (words: readonly string[]): Promise<number> =>
      start(words, args.has("dry-run"), host);
    if (read.host === null || read.query) return await go(given);
    const answer = await askSsh(given);
    if (answer.settings === null) { // ssh tells what is wrong with its arguments
      host.terminal.note(answer.stderr.trimEnd());
      return answer.code;
    }
    const { settings } = answer;
    if (read.control) {
      const path = settings.controlPath;
      return await go(path === null ? given : [...controlPathArguments(path), ...given]);
    }
    const search = {
      file: args.value("key"),
      name: read.host,
      resolve: () => Promise.resolve(settings.hostname),
    };
    const schedule = await Schedule.of((await findKey(search, host)).key);
    const { ssh: port } = await schedule.ports(minuteAt(host.clock.now()), 0);
    return await go([...portArguments(settings, port), ...given]);
  },
};

async function start(words: readonly string[], dry: boolean, host: Host): Promise<number> {
  if (!dry) return await runInForeground("ssh", words);
  host.terminal.out(`${shellCommand(["ssh", ...words])}\n`);
  return 0;
}
