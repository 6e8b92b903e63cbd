import type { Target } from "../client/reach.ts";
import { secondPort, SSH_FAILED } from "../client/second_try.ts";
import { KEY_OPTION, TRAPS_OPTION } from "../core/command.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { minuteAt } from "../core/minute.ts";
import { parseCount } from "../core/ports.ts";
import { checkTraps, DEFAULT_TRAPS, type MinutePorts, Schedule } from "../core/schedule.ts";
import { shellCommand } from "../core/shell.ts";
import { readSshArguments } from "../core/ssh_arguments.ts";
import { controlPathArguments, portArguments, type SshSettings } from "../core/ssh_settings.ts";
import { type Ending, runInForeground } from "../host/foreground.ts";
import type { Host } from "../host/host.ts";
import { findKey, type KeySearch } from "../host/keyring.ts";
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
    const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
    const start: Start = async (words) => {
      if (!args.has("dry-run")) return await runInForeground("ssh", words);
      host.terminal.out(`${shellCommand(["ssh", ...words])}\n`);
      return { code: 0, told: false };
    };
    if (read.host === null || read.query) return (await start(given)).code;
    // All is prepared while ssh answers; what is wrong with ssh's arguments is told first.
    const asking = askSsh(given);
    const resolve = async (): Promise<string | null> => (await asking).settings?.hostname ?? null;
    const search = { file: args.value("key"), name: read.host, resolve };
    const preparing = read.control ? null : prepare(search, host);
    preparing?.catch(() => {});
    const { settings, code, stderr } = await asking;
    if (settings === null) { // ssh tells what is wrong with its arguments
      host.terminal.note(stderr.trimEnd());
      return code;
    }
    if (preparing === null) {
      const path = settings.controlPath;
      return (await start([...path === null ? [] : controlPathArguments(path), ...given])).code;
    }
    const { hostname } = settings;
    const { schedule, ports } = await preparing;
    asArgument(() => checkTraps(traps, schedule.range));
    const login = { name: read.host, command: read.command || settings.command, settings, ports };
    const target = { hostname, schedule, traps, clock: host.clock };
    return await logIn(
      login,
      target,
      (port) => start([...portArguments(settings, port), ...given]),
      host,
    );
  },
};

/** A schedule, and its answer for the minute in which it was made. */
interface Prepared {
  readonly schedule: Schedule;
  readonly ports: MinutePorts;
}

async function prepare(search: KeySearch, host: Host): Promise<Prepared> {
  const schedule = await Schedule.of((await findKey(search, host)).key);
  return { schedule, ports: await schedule.ports(minuteAt(host.clock.now()), 0) };
}

/** Runs ssh with its arguments, or shows how. */
type Start = (words: readonly string[]) => Promise<Ending>;

interface Login {
  /** What the user calls the host. */
  readonly name: string;
  /** Whether a command is to run there. */
  readonly command: boolean;
  readonly settings: SshSettings;
  /** The ports of the minute, if it is still the same. */
  readonly ports: MinutePorts;
}

/** Runs ssh with the port of the minute, and once more if that was not the server's minute. */
async function logIn(
  { name, command, settings, ports }: Login,
  target: Target,
  start: (port: number) => Promise<Ending>,
  host: Host,
): Promise<number> {
  const began = host.clock.now();
  const minute = minuteAt(began);
  const { ssh: port } = ports.minute === minute ? ports : await target.schedule.ports(minute, 0);
  const { code, told } = await start(port);
  // What stands between us and the host, if anything does, would have to be asked instead.
  if (code !== SSH_FAILED || told || settings.indirect) return code;
  const failed = { port, took: host.clock.now() - began, command };
  const second = await secondPort(failed, name, target, host);
  return second === null ? code : (await start(second)).code;
}
