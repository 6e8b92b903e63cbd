import type { Target } from "../client/reach.ts";
import { type DoorSearch, findDoor } from "../client/door.ts";
import { type Neighbour, placeIn } from "../client/nearby_minutes.ts";
import { nextPlace } from "../client/next_try.ts";
import {
  AS_OPTION,
  DOOR_OPTION,
  KEY_OPTION,
  SERVICE_OPTION,
  TRAPS_OPTION,
} from "../cli/command.ts";
import { hostKeySearch, STDIN_IS_TAKEN, trapsTold } from "../cli/client_options.ts";
import { asArgument, Misuse } from "../os/errors.ts";
import { minuteAt } from "../schedule/minute.ts";
import { checkTraps, Schedule } from "../schedule/schedule.ts";
import { shownCommand } from "../os/shell.ts";
import { readSshArguments } from "../client/ssh_arguments.ts";
import { controlPathArguments, portArguments, type SshSettings } from "../os/ssh_settings.ts";
import { type Ending, runInForeground, SSH_FAILED } from "../os/foreground.ts";
import type { Host } from "../os/host.ts";
import { findHostKey, type HostKey, type HostKeySearch, trapsBy } from "../client/host_key.ts";
import { knownName } from "../os/known_hosts.ts";
import { askSsh } from "../os/ssh.ts";
import type { Command } from "../cli/command.ts";

/** `c3po ssh`: the ssh of this machine, led to the port of this minute. */
export const ssh: Command = {
  name: "ssh",
  summary: "log in: runs ssh with the port of this minute",
  usage: ["ssh [options] ARGS..."],
  options: [
    KEY_OPTION,
    { name: "dry-run", text: "print the command instead of running it" },
    SERVICE_OPTION,
    AS_OPTION,
    DOOR_OPTION,
    TRAPS_OPTION,
  ],
  passesOn: true,
  about: [
    "ARGS are ssh's own, in any order ssh accepts. The port comes from the key; a port in ARGS is " +
    "only used to look up the host's key. Host names, users, jump hosts and everything else come " +
    "from ssh's configuration, and host keys are stored under the name that plain ssh uses. The " +
    "exit code is ssh's.",
    "The key is ~/.config/c3po/HOST.key, for HOST as typed or as ssh resolves it, else " +
    "~/.config/c3po/default.key. If that is a master key, the key of HOST is derived from it; " +
    '"c3po port --help" explains for which id.',
    "If ssh cannot connect, the ports of adjacent minutes are tried, in case the clocks differ, " +
    "except any that could be a trap.",
  ],
  async run(args, host) {
    const given = args.operands;
    if (given.length === 0) {
      throw new Misuse("no host given", { hint: "for example: c3po ssh user@host" });
    }
    const read = readSshArguments(given);
    if (args.value("key") === "-") throw new Misuse(STDIN_IS_TAKEN);
    const told = trapsTold(args);
    const start: Start = async (words) => {
      if (!args.has("dry-run")) return await runInForeground(words);
      host.terminal.out(`${shownCommand(["ssh", ...words])}\n`);
      return { code: 0, told: false };
    };
    if (read.host === null || read.query) return (await start(given)).code;
    // All is prepared while ssh answers; what is wrong with ssh's arguments is told first.
    const asking = askSsh(given);
    const resolve = async (): Promise<string | null> => (await asking).settings?.hostname ?? null;
    const search = hostKeySearch(args, read.host, resolve);
    const door = { told: args.value("door"), name: read.host, resolve };
    const preparing = read.control ? null : prepare(search, door, host);
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
    const { hostname, connectTimeout } = settings;
    const [{ schedule, hostKey, open, door: found }, known] = await Promise.all([
      preparing,
      knownName(settings),
    ]);
    const traps = trapsBy(hostKey, told);
    if (traps !== undefined) asArgument(() => checkTraps(traps, schedule.range));
    if (read.port !== null && settings.port !== 22) {
      host.terminal.note(
        `c3po: the port comes from the key; "${read.port}" only names the host's key`,
      );
    }
    const login = {
      name: read.host,
      command: read.command || settings.command,
      settings,
      open,
      source: hostKey.source,
    };
    // Who wants IPv4 alone does not get an address of the door.
    const network = settings.isIpv4Only ? null : found;
    const target = {
      hostname,
      schedule,
      traps,
      door: network,
      clock: host.clock,
      seconds: connectTimeout,
    };
    return await logIn(
      login,
      target,
      (place) => start([...portArguments(settings, place, known), ...given]),
      host,
    );
  },
};

/** A schedule, and its answer for the minute in which it was made. */
interface Prepared {
  readonly schedule: Schedule;
  readonly hostKey: HostKey;
  /** The network in which the address moves; null if it does not. */
  readonly door: string | null;
  readonly open: Neighbour;
}

async function prepare(search: HostKeySearch, told: DoorSearch, host: Host): Promise<Prepared> {
  const hostKey = await findHostKey(search, host);
  const schedule = await Schedule.of(hostKey.key);
  const door = await findDoor(told, schedule, host);
  const open = await placeIn(schedule, door, minuteAt(host.clock.now()));
  return { schedule, hostKey, door, open };
}

/** Runs ssh with its arguments, or shows how. */
type Start = (words: readonly string[]) => Promise<Ending>;

interface Login {
  /** What the user calls the host. */
  readonly name: string;
  /** Whether a command is to run there. */
  readonly command: boolean;
  readonly settings: SshSettings;
  /** Where it is open, if the minute is still the same. */
  readonly open: Neighbour;
  /** Where the key was found. */
  readonly source: string;
}

/** How often ssh is led to another port. After the first, that one may close just then as its minute ends. */
const MOST_LEADS = 2;

/** Runs ssh with the port of the minute, and again if that was not the server's minute. */
async function logIn(
  { name, command, settings, open: prepared, source }: Login,
  target: Target,
  start: (place: Neighbour) => Promise<Ending>,
  host: Host,
): Promise<number> {
  const minute = minuteAt(host.clock.now());
  const isReady = prepared.minute === minute &&
    (target.door !== null || prepared.address === undefined);
  let open = isReady ? prepared : await placeIn(target.schedule, target.door, minute);
  for (let leads = 0;; leads++) {
    const began = host.clock.now();
    const { code, told } = await start(open);
    // What stands between us and the host, if anything does, would have to be asked instead.
    if (code !== SSH_FAILED || told || settings.indirect || leads === MOST_LEADS) return code;
    const { isQuiet } = settings;
    const failed = { open, began, took: host.clock.now() - began, command, isQuiet, source };
    const next = await nextPlace(failed, name, target, host);
    if (next === null) return code;
    open = next;
  }
}
