import { parseCidr } from "./address.ts";
import { suggestion } from "./arguments.ts";
import { parseDuration } from "./duration.ts";
import { parseEndpoint } from "./endpoint.ts";
import { Failure, Malformed, Misuse } from "./errors.ts";
import { parseCount, parsePort, parsePortList, parsePortRange } from "./ports.ts";
import { DEFAULT_TRAPS } from "./schedule.ts";
import { SERVER_OPTIONS, type ServerConfig } from "./server_options.ts";

/** One place that settings come from; earlier sources win over later ones. */
export interface Source {
  /** What the user calls a setting there, such as `--traps` or `traps in /etc/c3po/server.toml`. */
  label(option: string): string;
  /** What is set there; empty if nothing is. */
  values(option: string): readonly string[];
  /** Whether a mistake there is misuse of the command line. */
  readonly isCommandLine: boolean;
}

/**
 * Puts a configuration together.
 *
 * @throws {Misuse | Failure} naming the source of the value that cannot be used
 */
export function readServerConfig(sources: readonly Source[]): ServerConfig {
  const read = <T>(option: string, parse: (text: string) => T): T | undefined =>
    readAll(sources, option, parse)[0];
  const banTime = read("ban-time", parseBanTime) ?? 900;
  return {
    key: read("key", (text) => text),
    sshPort: read("ssh-port", parsePort) ?? 22,
    traps: read("traps", parseCount) ?? DEFAULT_TRAPS,
    ports: read("ports", parsePortRange),
    banTime,
    banMax: Math.max(banTime, read("ban-max", parseBanTime) ?? 86_400),
    trigger: read("trigger", oneOf("syn", "handshake")) ?? "syn",
    scope: read("scope", oneOf("ssh", "all")) ?? "ssh",
    allow: readAll(sources, "allow", parseCidr),
    exclude: readAll(sources, "exclude", parsePortList).flat(),
    tripwire: readAll(sources, "tripwire", parsePortList).flat(),
    grace: read("grace", parseGrace) ?? 15,
    fail: read("fail", oneOf("open", "closed")) ?? "open",
    try: read("try", parseTrial),
    friends: read("friends", parseFriends) ?? 30 * 86_400,
    metrics: read("metrics", parseEndpoint),
    logFormat: read("log-format", oneOf("text", "json")) ?? "text",
  };
}

/**
 * Settings as a TOML document holds them: texts, numbers, or lists of those.
 *
 * @param where the file, for messages
 * @throws {Failure} for unknown names and for values of other types
 */
export function fileSource(document: Readonly<Record<string, unknown>>, where: string): Source {
  const names = SERVER_OPTIONS.map(({ name }) => toKey(name));
  const settings = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(document)) {
    if (!names.includes(key)) {
      const near = suggestion(key, names);
      throw new Failure(
        `unknown setting "${key}" in ${where}`,
        near === null ? {} : { hint: `did you mean ${near}?` },
      );
    }
    const list = Array.isArray(value) ? value : [value];
    const many = SERVER_OPTIONS.find(({ name }) => toKey(name) === key)?.many;
    if (!list.every((each) => typeof each === "string" || typeof each === "number")) {
      throw new Failure(`${key} in ${where} must be a text or a number`);
    }
    if (Array.isArray(value) && !many) throw new Failure(`${key} in ${where} must be one value`);
    settings.set(key, list.map(String));
  }
  return {
    label: (option) => `${toKey(option)} in ${where}`,
    values: (option) => settings.get(toKey(option)) ?? [],
    isCommandLine: false,
  };
}

/** A setting's name in a file. */
function toKey(option: string): string {
  return option.replaceAll("-", "_");
}

function readAll<T>(
  sources: readonly Source[],
  option: string,
  parse: (text: string) => T,
): T[] {
  const source = sources.find((each) => each.values(option).length > 0);
  if (source === undefined) return [];
  try {
    return source.values(option).map(parse);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const Kind = source.isCommandLine ? Misuse : Failure;
    throw new Kind(
      `${source.label(option)}: ${error.message}`,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  }
}

/** The kernel keeps the time an entry has left in milliseconds of 32 bits: seconds, 24 days. */
export const LONGEST_BAN = 2_147_483;

/**
 * Reads how long a ban lasts.
 *
 * @returns seconds
 * @throws {Malformed} for what the kernel cannot keep
 */
export function parseBanTime(text: string): number {
  const seconds = parseDuration(text);
  if (seconds < 1 || seconds > LONGEST_BAN) {
    throw new Malformed(`a ban of "${text}" cannot be kept`, { hint: "1s to 24d" });
  }
  return seconds;
}

/**
 * Reads how long a trial lasts.
 *
 * @returns seconds
 * @throws {Malformed} if nobody could log in so fast, or the trial would be forgotten
 */
export function parseTrial(text: string): number {
  const seconds = parseDuration(text);
  if (seconds < 10 || seconds > 86_400) {
    throw new Malformed(`a trial of "${text}" is no trial`, { hint: "10s to 24h, such as 10m" });
  }
  return seconds;
}

function parseGrace(text: string): number {
  const seconds = parseDuration(text);
  if (seconds > 60) {
    throw new Malformed(`a grace of "${text}" is longer than a minute`, {
      hint: "60s at most; set the clocks by NTP instead",
    });
  }
  return seconds;
}

function parseFriends(text: string): number {
  return text === "off" ? 0 : parseDuration(text);
}

function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new Malformed(`"${text}" is not one of ${words.join(", ")}`);
  };
}
