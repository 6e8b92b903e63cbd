import { LONGEST_BAN } from "../bans/ledger.ts";
import { KERNEL_ENGINES } from "../firewall/firewall.ts";
import { type Address, parseCidr } from "../os/address.ts";
import { parseDuration } from "../os/duration.ts";
import { Malformed } from "../os/errors.ts";
import { parseDoor } from "../schedule/door_address.ts";
import { parseCount, parsePort, parsePortList, parsePortRange } from "../schedule/ports.ts";
import { DEFAULT_TRAPS } from "../schedule/schedule.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import {
  choice,
  duration,
  list,
  option,
  optional,
  place,
  type ServerOption,
  toggle,
} from "./option_kinds.ts";
import type { ServiceSetting } from "./service_settings.ts";
import type { ShareSetting } from "./share_settings.ts";

const MINUTE = 60;
const DAY = 86_400;

/** Every option of `serve`, by its name as a property of the configuration. Durations are seconds. */
export const OPTIONS = {
  key: place("FILE", "read the key from this file", "/etc/c3po/key"),
  users: place("DIR", "read the keys of users from this directory", "/etc/c3po/users"),
  sshPort: option("N", "the port sshd listens on; hidden from outside", parsePort, 22),
  traps: option("N", "number of traps, for each port of a service", parseCount, DEFAULT_TRAPS),
  ports: optional(
    "LO-HI",
    "the port range (default: the key's, 1024-65535)",
    parsePortRange,
    '"20000-40000"',
  ),
  door: optional(
    "PREFIX/64",
    "an IPv6 /64 routed to this server, in which the address moves as well as the port",
    parseDoor,
    '"2001:db8:0:aa::/64"',
  ),
  banTime: duration("duration of a first ban", parseBanTime, 15 * MINUTE),
  banMax: duration("longest ban; each repeat doubles the duration up to this", parseBanTime, DAY),
  networkBans: choice(
    ["on", "off"],
    "ban all of an IPv6 /56 or /48 in which several /64 were banned within an hour",
  ),
  trigger: choice(
    ["syn", "handshake"],
    "ban on the first packet, or only on a completed connection",
  ),
  scope: choice(
    ["ssh", "all"],
    "block a banned address from SSH and the traps, or from the whole machine",
  ),
  allow: list<Address>(
    "CIDR",
    "never ban this address or network",
    (text) => [parseCidr(text)],
    '["192.0.2.7", "2001:db8::/32"]',
  ),
  exclude: list(
    "PORTS",
    "never open these ports, as in 443,8000-8100",
    parsePortList,
    '"443,8000-8100"',
  ),
  tripwire: list("PORTS", "ports that are always traps, as in 22,23", parsePortList, '"22,23"'),
  grace: duration("how far a client's clock may be off, at most 60s", parseGrace, 15),
  claim: toggle("the first address at a user's port has it for itself until the port closes"),
  fail: choice(
    ["open", "closed"],
    "open: plain SSH answers again after serve has ended and its ports have closed; closed: not before " +
      "c3po serve --undo",
  ),
  friends: {
    value: "D|off",
    text: "after a login, ban that address only for a completed connection, for this long",
    parse: (text: string) => text === "off" ? 0 : parseDuration(text),
    fallback: 30 * DAY,
    shown: "30d",
  },
  loginLog: optional(
    "FILE",
    "sshd's log file (default: the journal, /var/log/auth.log or /var/log/secure)",
    (text) => text,
    '"/var/log/messages"',
  ),
  try: optional(
    "D",
    "roll everything back after D unless someone logs in through C3PO",
    parseTrial,
    '"10m"',
  ),
  probe: toggle(
    "after the start and each repair, try the rules from a private network namespace",
  ),
  openFirewall: toggle(
    "allow connections through C3PO's ports in a firewall that denies by default",
  ),
  firewall: choice(
    ["auto", ...KERNEL_ENGINES],
    "firewall engine; auto is the first of the others whose tools are installed and work",
  ),
  ahead: duration("how far ahead to load ports into the kernel", parseAhead, 10 * MINUTE),
  metrics: optional<Endpoint>(
    "ADDR:PORT",
    "serve Prometheus metrics on this address, at /metrics (port alone: on loopback)",
    parseEndpoint,
    '"127.0.0.1:9101"',
  ),
  metricsUsers: toggle("label the metric of arrivals with user and service"),
  logFormat: choice(["text", "json"], "format of the log"),
};

/** How a server is set up. Durations are in seconds. */
export type ServerConfig =
  & {
    readonly [Name in keyof typeof OPTIONS]: (typeof OPTIONS)[Name] extends ServerOption<infer T>
      ? T
      : never;
  }
  & {
    /** The services beside ssh, which only the configuration file can name. */
    readonly services: readonly ServiceSetting[];
    /** The store through which bans are shared, which only the configuration file can name; null without one. */
    readonly share: ShareSetting | null;
  };

/** An option's name on the command line: `ssh-port`. */
export function flagName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An option's name in the configuration file: `ssh_port`. */
export function settingName(property: string): string {
  return flagName(property).replaceAll("-", "_");
}

/** The options as the command line shows them. */
export const SERVER_OPTIONS = Object.entries(OPTIONS).map(([property, row]) => {
  const { value, text, many, shown }: Omit<ServerOption<unknown>, "parse" | "fallback"> = row;
  return {
    name: flagName(property),
    ...(value === "" ? {} : { value }),
    text: shown === undefined ? text : `${text} (default ${shown})`,
    ...(many ? { many } : {}),
  };
});

/**
 * Reads how long a ban lasts.
 *
 * @returns seconds
 * @throws {Malformed} for what the kernel cannot keep
 */
export function parseBanTime(text: string): number {
  return within(text, 1, LONGEST_BAN, "ban time", "1s to 24d");
}

/**
 * Reads how long a trial lasts.
 *
 * @returns seconds
 * @throws {Malformed} if the trial is too short to log in, or too long
 */
export function parseTrial(text: string): number {
  return within(text, 10, DAY, "trial", "10s to 24h, such as 10m");
}

function parseGrace(text: string): number {
  return within(text, 0, MINUTE, "grace", "60s at most; set the clocks by NTP instead");
}

function parseAhead(text: string): number {
  return within(text, 2 * MINUTE, 60 * MINUTE, "time ahead", "2m to 60m");
}

function within(text: string, least: number, most: number, what: string, hint: string): number {
  const seconds = parseDuration(text);
  if (seconds >= least && seconds <= most) return seconds;
  throw new Malformed(`${what} "${text}" is out of range`, { hint });
}
