import type { Address } from "./address.ts";
import type { Option } from "./command.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PortRange } from "./ports.ts";
import { DEFAULT_TRAPS } from "./schedule.ts";

/** How a server is set up. Durations are in seconds. */
export interface ServerConfig {
  /** Where the key is, if somebody said so. */
  readonly key: string | undefined;
  readonly sshPort: number;
  readonly traps: number;
  /** Overrides the range of the key. */
  readonly ports: PortRange | undefined;
  /** How long a first ban lasts. */
  readonly banTime: number;
  /** How long the longest lasts. */
  readonly banMax: number;
  readonly trigger: "syn" | "handshake";
  readonly scope: "ssh" | "all";
  readonly allow: readonly Address[];
  readonly exclude: readonly number[];
  readonly tripwire: readonly number[];
  readonly grace: number;
  readonly fail: "open" | "closed";
  /** Seconds until everything is rolled back unless somebody logs in; undefined is never. */
  readonly try: number | undefined;
  /** How long a login counts; 0 is not at all. */
  readonly friends: number;
  /** Where figures are given out; undefined is nowhere. */
  readonly metrics: Endpoint | undefined;
  readonly logFormat: "text" | "json";
}

/** Options of `serve` that are also keys of the configuration file (with `_` for `-`). */
export const SERVER_OPTIONS: readonly Option[] = [
  { name: "key", value: "FILE", text: "read the key from this file (default /etc/c3po/key)" },
  { name: "ssh-port", value: "N", text: "where sshd listens; hidden from outside (default 22)" },
  { name: "traps", value: "N", text: `how many traps to set (default ${DEFAULT_TRAPS})` },
  { name: "ports", value: "LO-HI", text: "the range of ports (default: the key's, 1024-65535)" },
  { name: "ban-time", value: "D", text: "how long a first ban lasts (default 15m)" },
  {
    name: "ban-max",
    value: "D",
    text: "the longest ban; each repeat doubles it up to here (default 24h)",
  },
  {
    name: "trigger",
    value: "syn|handshake",
    text: "ban at the first packet, or only at a completed connection (default syn)",
  },
  {
    name: "scope",
    value: "ssh|all",
    text: "what a banned address loses: SSH and the traps, or the machine (default ssh)",
  },
  { name: "allow", value: "CIDR", text: "never ban this address or network", many: true },
  { name: "exclude", value: "PORTS", text: "never open these, as in 443,8000-8100", many: true },
  { name: "tripwire", value: "PORTS", text: "traps in every minute, as in 22,23", many: true },
  {
    name: "grace",
    value: "D",
    text: "how far a client's clock may be off, 60s at most (default 15s)",
  },
  {
    name: "fail",
    value: "open|closed",
    text: "whether plain SSH answers again two minutes after serve died (default open)",
  },
  {
    name: "try",
    value: "D",
    text: "roll everything back after D unless somebody logs in through C3PO before",
  },
  {
    name: "friends",
    value: "D|off",
    text:
      "how long a login protects an address from being banned by a lone, perhaps forged packet " +
      "(default 30d)",
  },
  {
    name: "metrics",
    value: "ADDR:PORT",
    text: "give out figures for Prometheus there, at /metrics (a port alone: on loopback)",
  },
  { name: "log-format", value: "text|json", text: "how events are written (default text)" },
];
