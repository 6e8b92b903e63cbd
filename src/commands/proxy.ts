import { clockNote, explain } from "../client/advice.ts";
import { reach } from "../client/reach.ts";
import { KEY_OPTION, TRAPS_OPTION } from "../core/command.ts";
import { asArgument } from "../core/errors.ts";
import { parseCount, parsePort } from "../core/ports.ts";
import { checkTraps, DEFAULT_TRAPS, Schedule } from "../core/schedule.ts";
import type { Connection } from "../host/dial.ts";
import type { Host } from "../host/host.ts";
import { findKey } from "../host/keyring.ts";
import { relay } from "../host/relay.ts";
import { resolveHost } from "../host/ssh.ts";
import { after } from "../host/timer.ts";
import type { Command } from "./command.ts";

/** A server that says no more than this within this many milliseconds may be a trap. */
const GREETING = { bytes: 512, ms: 10_000 };

/** `c3po proxy`: stdin and stdout become a connection to the port of this minute. */
export const proxy: Command = {
  name: "proxy",
  summary: "connect stdin and stdout to the port of this minute (ProxyCommand of ssh)",
  usage: ["proxy HOST [PORT] [options]"],
  options: [KEY_OPTION, TRAPS_OPTION],
  about: [
    "For ~/.ssh/config; with it ssh, scp, sftp, rsync, git, ansible and editors find the port by " +
    'themselves: "ProxyCommand c3po proxy %h". The command "c3po key add HOST" prints the whole ' +
    "Host block.",
    "PORT is accepted for the sake of %p and not used: the port comes from the key.",
    "If the port does not answer, those of the neighbouring minutes are tried, in case the clocks " +
    "differ; never one that is a trap in a minute the server may be in.",
  ],
  async run(args, host) {
    const [name, port] = args.take(1, 2, "HOST");
    if (port !== undefined) asArgument(() => parsePort(port));
    const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
    const search = { file: args.value("key"), name, resolve: () => resolveHost(name) };
    const schedule = await Schedule.of((await findKey(search, host)).key);
    asArgument(() => checkTraps(traps, schedule.range));
    const found = await reach({ hostname: name!, schedule, traps, clock: host.clock });
    if (!("conn" in found)) throw explain(name!, found);
    const note = clockNote(found);
    if (note !== null) host.terminal.note(`c3po: ${note}`);
    await converse(found.conn, name!, host);
    return 0;
  },
};

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
    host.terminal.note(`c3po: "${name}" took the connection and closed it without a word`);
    host.terminal.note(
      "c3po: hint: its sshd is overloaded (MaxStartups), refuses this address, or is not running",
    );
  } finally {
    callOff();
    conn.close();
  }
}
