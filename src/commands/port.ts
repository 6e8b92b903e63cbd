import type { Arguments } from "../cli/arguments.ts";
import { hostKeySearch } from "../cli/client_options.ts";
import { AS_OPTION, DOOR_OPTION, JSON_OPTION, KEY_OPTION, SERVICE_OPTION } from "../cli/command.ts";
import { findDoor } from "../client/door.ts";
import { asArgument } from "../os/errors.ts";
import { MINUTE_MS, minuteAt, minuteStart } from "../schedule/minute.ts";
import { formatMoment, parseMoment } from "../schedule/moment.ts";
import { doorPlace } from "../schedule/door_address.ts";
import { parseCount, parsePortRange } from "../schedule/ports.ts";
import { checkTraps, DEFAULT_TRAPS, type MinutePorts, Schedule } from "../schedule/schedule.ts";
import type { Host } from "../os/host.ts";
import { findHostKey } from "../client/host_key.ts";
import { resolveHost } from "../os/ssh.ts";
import type { Command } from "../cli/command.ts";

/** `c3po port`: the port that leads to sshd now. */
export const port: Command = {
  name: "port",
  summary: "print the SSH port of this minute",
  usage: ["port [HOST] [options]"],
  options: [
    KEY_OPTION,
    {
      name: "at",
      value: "TIME",
      text: "the port at this time: ISO 8601 with a zone, or unix seconds",
    },
    { name: "all", text: "print the traps too, one port per line, the SSH port first" },
    { name: "traps", value: "N", text: `number of traps (default ${DEFAULT_TRAPS})` },
    { name: "ports", value: "LO-HI", text: "the port range (default: the key's, 1024-65535)" },
    SERVICE_OPTION,
    AS_OPTION,
    DOOR_OPTION,
    JSON_OPTION,
    { name: "watch", text: "print again each time the minute changes" },
  ],
  about: [
    "HOST selects the key ~/.config/c3po/HOST.key. For hosts without a key of their own, the key is " +
    "derived from a master key in ~/.config/c3po/default.key. The host id for that comes from --as, " +
    "else from a line in ~/.config/c3po/hosts.toml, as in " +
    '"web1 = "web1.example.org"", else it is the name that ssh resolves.',
    "If the server has a door, an IPv6 /64 in which its address moves as well, --json tells the address " +
    "of the minute too. ssh, proxy, forward and check connect there. The network comes from --door, else " +
    'from hosts.toml, as in "web1 = { door = "2001:db8:0:aa::/64" }".',
  ],
  async run(args, host) {
    const [name] = args.take(0, 1, "HOST");
    const range = args.value("ports");
    const low = range === undefined ? undefined : asArgument(() => parsePortRange(range));
    const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
    const moment = args.value("at");
    const at = moment === undefined ? undefined : asArgument(() => parseMoment(moment));
    const resolve = (): Promise<string | null> => resolveHost(name);
    const search = hostKeySearch(args, name, resolve);
    const { key, isDerived } = await findHostKey(search, host);
    const schedule = await Schedule.of(key, low);
    asArgument(() => checkTraps(traps, schedule.range));
    if (isDerived && args.has("all")) host.terminal.note(`c3po: ${OWN_TRAPS}`);
    const isJson = args.has("json");
    const told = args.value("door");
    // The port alone has no use for it, but for a word about a network that cannot be one.
    const door = isJson || told !== undefined
      ? await findDoor({ told, name, resolve }, schedule, host)
      : null;
    const show = async (minute: number): Promise<string> => {
      const ports = await schedule.ports(minute, traps);
      if (!isJson) return plain(args, ports);
      const place = door === null ? null : await doorPlace(schedule, door, minute);
      return json(name, schedule, ports, place?.address);
    };
    if (at !== undefined || !args.has("watch")) {
      host.terminal.out(await show(minuteAt(at ?? host.clock.now())));
      return 0;
    }
    return await watch(host, show);
  },
};

const OWN_TRAPS = "these are the traps of the derived key; the server may use others";

async function watch(host: Host, show: (minute: number) => Promise<string>): Promise<never> {
  for (;;) {
    const minute = minuteAt(host.clock.now());
    host.terminal.out(await show(minute));
    // One look a second: the clock may be set while we wait.
    while (minuteAt(host.clock.now()) === minute) {
      const left = minuteStart(minute + 1) - host.clock.now();
      await host.clock.sleep(Math.min(left, 1000));
    }
  }
}

function plain(args: Arguments, ports: MinutePorts): string {
  const lines = args.has("all") ? [ports.ssh, ...ports.traps] : [ports.ssh];
  return lines.map((line) => `${line}\n`).join("");
}

function json(
  name: string | undefined,
  schedule: Schedule,
  ports: MinutePorts,
  address: string | undefined,
): string {
  const start = minuteStart(ports.minute);
  return JSON.stringify({
    host: name ?? null,
    scheme: schedule.scheme,
    minute: ports.minute,
    ...(address === undefined ? {} : { address }),
    port: ports.ssh,
    traps: ports.traps,
    validFrom: formatMoment(start),
    validUntil: formatMoment(start + MINUTE_MS),
  }) + "\n";
}
