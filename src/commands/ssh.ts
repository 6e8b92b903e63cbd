import { secondPort, SSH_FAILED } from "../client/second_try.ts";
import { KEY_OPTION, TRAPS_OPTION } from "../core/command.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { minuteAt } from "../core/minute.ts";
import { parseCount } from "../core/ports.ts";
import { checkTraps, DEFAULT_TRAPS, Schedule } from "../core/schedule.ts";
import { shellCommand } from "../core/shell.ts";
import { readSshArguments } from "../core/ssh_arguments.ts";
import { controlPathArguments, portArguments } from "../core/ssh_settings.ts";
import { runInForeground } from "../host/foreground.ts";
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
    TRAPS_OPTION,
  ],
  passesOn: true,
  about: [
    "ARGS are ssh's own, in any order ssh takes them, but for the port: it comes from the key. " +
    "Host names, users, jump hosts and all else are resolved by ssh from its configuration, and " +
    "host keys stay known under the name that plain ssh uses. The exit code is ssh's.",
    "The key is ~/.config/c3po/HOST.key, for HOST as typed or as ssh resolves it, else " +
    "~/.config/c3po/default.key.",
    "If ssh cannot connect, the ports of the neighbouring minutes are tried, in case the clocks " +
    "differ; never one that is a trap in a minute the server may be in.",
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
    const go = (words: readonly string[]): Promise<number> | number => {
      if (!args.has("dry-run")) return runInForeground("ssh", words);
      host.terminal.out(`${shellCommand(["ssh", ...words])}\n`);
      return 0;
    };
    const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
    if (read.host === null || read.query) return await go(given);
    const { settings, code, stderr } = await askSsh(given);
    if (settings === null) { // ssh tells what is wrong with its arguments
      host.terminal.note(stderr.trimEnd());
      return code;
    }
    if (read.control) {
      const path = settings.controlPath;
      return await go(path === null ? given : [...controlPathArguments(path), ...given]);
    }
    const { hostname } = settings;
    const resolve = (): Promise<string> => Promise.resolve(hostname);
    const search = { file: args.value("key"), name: read.host, resolve };
    const schedule = await Schedule.of((await findKey(search, host)).key);
    asArgument(() => checkTraps(traps, schedule.range));
    const start = host.clock.now();
    const { ssh: port } = await schedule.ports(minuteAt(start), 0);
    const end = await go([...portArguments(settings, port), ...given]);
    // What stands between us and the host, if anything does, would have to be asked instead.
    if (end !== SSH_FAILED || settings.indirect) return end;
    const command = read.command || settings.command;
    const failed = { port, took: host.clock.now() - start, command };
    const target = { hostname, schedule, traps, clock: host.clock };
    const second = await secondPort(failed, read.host, target, host);
    return second === null ? end : await go([...portArguments(settings, second), ...given]);
  },
};
