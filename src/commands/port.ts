import type { Arguments } from "../core/arguments.ts";
import { JSON_OPTION, KEY_OPTION } from "../core/command.ts";
import { asArgument } from "../core/errors.ts";
import { MINUTE_MS, minuteAt, minuteStart } from "../core/minute.ts";
import { formatMoment, parseMoment } from "../core/moment.ts";
import { parseCount, parsePortRange } from "../core/ports.ts";
import { checkTraps, DEFAULT_TRAPS, type MinutePorts, Schedule } from "../core/schedule.ts";
import type { Host } from "../host/host.ts";
import { findKey } from "../host/keyring.ts";
import { resolveHost } from "../host/ssh.ts";
import type { Command } from "./command.ts";

/** `c3po port`: the port that leads to sshd now. */
export const port: Command = {
  name: "port",
  summary: "print the SSH port of this minute",
  usage: ["port [HOST] [options]"],
  options: [
    KEY_OPTION,
    { name: "at", value: "TIME", text: "of another minute: ISO 8601 with a zone, or unix seconds" },
    { name: "all", text: "print the traps too, one port a line, the SSH port first" },
    { name: "traps", value: "N", text: `how many traps there are (default ${DEFAULT_TRAPS})` },
    { name: "ports", value: "LO-HI", text: "the range of ports (default: the key's, 1024-65535)" },
    JSON_OPTION,
    { name: "watch", text: "print again whenever the minute changes" },
  ],
  about: ["With HOST the key of that host is used, ~/.config/c3po/HOST.key."],
  async run(args, host) {
    const [name] = args.take(0, 1, "HOST");
    const range = args.value("ports");
    const low = range === undefined ? undefined : asArgument(() => parsePortRange(range));
    const traps = asArgument(() => parseCount(args.value("traps") ?? String(DEFAULT_TRAPS)));
    const moment = args.value("at");
    const at = moment === undefined ? undefined : asArgument(() => parseMoment(moment));
    const { key } = await findKey(
      { file: args.value("key"), name, resolve: () => resolveHost(name) },
      host,
    );
    const schedule = await Schedule.of(key, low);
    asArgument(() => checkTraps(traps, schedule.range));
    const show = async (minute: number): Promise<string> => {
      const ports = await schedule.ports(minute, traps);
      return args.has("json") ? json(name, schedule, ports) : plain(args, ports);
    };
    if (at !== undefined || !args.has("watch")) {
      host.terminal.out(await show(minuteAt(at ?? host.clock.now())));
      return 0;
    }
    return await watch(host, show);
  },
};

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

function json(name: string | undefined, schedule: Schedule, ports: MinutePorts): string {
  const start = minuteStart(ports.minute);
  return JSON.stringify({
    host: name ?? null,
    scheme: schedule.scheme,
    minute: ports.minute,
    port: ports.ssh,
    traps: ports.traps,
    validFrom: formatMoment(start),
    validUntil: formatMoment(start + MINUTE_MS),
  }) + "\n";
}
