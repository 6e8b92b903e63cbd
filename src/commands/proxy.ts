import { clockNote, explain } from "../client/advice.ts";
import { reach } from "../client/reach.ts";
import { findDoor } from "../client/door.ts";
import {
  AS_OPTION,
  DOOR_OPTION,
  KEY_OPTION,
  SERVICE_OPTION,
  TRAPS_OPTION,
} from "../cli/command.ts";
import { hostKeySearch, STDIN_IS_TAKEN, trapsTold } from "../cli/client_options.ts";
import { disconnectMessage } from "../os/disconnect.ts";
import { asArgument, Misuse } from "../os/errors.ts";
import { printable } from "../os/printable.ts";
import { parsePort } from "../schedule/ports.ts";
import { checkTraps, Schedule } from "../schedule/schedule.ts";
import type { Connection } from "../os/dial.ts";
import type { Host } from "../os/host.ts";
import { findHostKey, trapsBy } from "../client/host_key.ts";
import { isPiped, refuse, relay } from "../os/relay.ts";
import { surviveTerminal } from "../os/foreground.ts";
import { resolveHost } from "../os/ssh.ts";
import { after } from "../os/timer.ts";
import type { Command } from "../cli/command.ts";

/** A server that says no more than this within this many milliseconds may be a trap. */
const GREETING = { bytes: 512, ms: 10_000 };

/** `c3po proxy`: stdin and stdout become a connection to the port of this minute. */
export const proxy: Command = {
  name: "proxy",
  summary: "connect stdin and stdout to the port of this minute (ProxyCommand of ssh)",
  usage: ["proxy HOST [PORT] [options]"],
  options: [KEY_OPTION, SERVICE_OPTION, AS_OPTION, DOOR_OPTION, TRAPS_OPTION],
  about: [
    "For ~/.ssh/config, so that ssh, scp, sftp, rsync, git, ansible and editors find the port: " +
    '"ProxyCommand c3po proxy %h". The command "c3po key add HOST" prints the whole ' +
    "Host block.",
    "PORT is accepted so that %p can be passed, and ignored: the port comes from the key.",
    "If the port does not answer, the ports of adjacent minutes are tried, in case the clocks " +
    "differ, except any that could be a trap.",
  ],
  async run(args, host) {
    const [name, port] = args.take(1, 2, "HOST");
    if (port !== undefined) asArgument(() => parsePort(port));
    if (args.value("key") === "-") throw new Misuse(STDIN_IS_TAKEN);
    surviveTerminal();
    const resolve = (): Promise<string | null> => resolveHost(name);
    const search = hostKeySearch(args, name, resolve);
    const told = trapsTold(args);
    const hostKey = await findHostKey(search, host);
    const { key, source } = hostKey;
    const traps = trapsBy(hostKey, told);
    const schedule = await Schedule.of(key);
    if (traps !== undefined) asArgument(() => checkTraps(traps, schedule.range));
    const door = await findDoor({ told: args.value("door"), name, resolve }, schedule, host);
    const found = await reach({ hostname: name!, schedule, traps, door, clock: host.clock });
    if (!("conn" in found)) throw explain(name!, found, source);
    const note = clockNote(found);
    if (note !== null) host.terminal.note(`c3po: ${note}`);
    await converse(found.conn, printable(name!), host);
    return 0;
  },
  // ssh with ControlPersist, and Ansible, throw away what its ProxyCommand says on stderr.
  async lastWords({ message }) {
    if (isPiped()) await refuse(disconnectMessage(wordsOf(message)));
  },
};

/** ssh shows so many characters of a reason. */
const LONGEST_REASON = 400;

function wordsOf(message: string): string {
  const more = " (details: c3po check HOST)";
  return printable(`c3po: ${message}`).slice(0, LONGEST_REASON - more.length) + more;
}

async function converse(conn: Connection, name: string, host: Host): Promise<void> {
  const tally = { sent: 0, received: 0 };
  const callOff = after(GREETING.ms, () => {
    if (tally.sent === 0 || tally.received === 0 || tally.received >= GREETING.bytes) return;
    host.terminal.note(`c3po: "${name}" greets like a server and then says nothing: a trap?`);
    host.terminal.note(
      "c3po: hint: with a wrong key or clock this address may just have been banned; " +
        "compare both ends: c3po key check, date -u",
    );
  });
  try {
    await relay(conn, tally);
    if (tally.received > 0) return;
    const [message, hint] = MUTE;
    host.terminal.note(`c3po: "${name}" ${message}`);
    host.terminal.note(`c3po: hint: ${hint}`);
    if (isPiped()) await refuse(disconnectMessage(wordsOf(`"${name}" ${message}`)));
  } finally {
    callOff();
    conn.close();
  }
}

const MUTE = [
  "accepted the connection and closed it without a banner",
  "its sshd is overloaded (MaxStartups), refuses this address, or is not running",
] as const;
