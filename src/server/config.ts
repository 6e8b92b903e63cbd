import { Failure, Malformed, Misuse } from "../os/errors.ts";
import { suggestion } from "../os/suggestion.ts";
import { readServiceSettings, type ServiceSetting } from "./service_settings.ts";
import { readShareSetting, type ShareSetting } from "./share_settings.ts";
import type { ServerOption } from "./option_kinds.ts";
import { flagName, OPTIONS, type ServerConfig, settingName } from "./options.ts";

/** One place that settings come from; earlier sources win over later ones. */
export interface Source {
  /** What the user calls a setting there, such as `--traps` or `traps in /etc/c3po/server.toml`. */
  label(option: string): string;
  /** What is set there; empty if nothing is. @param option by its name on the command line */
  values(option: string): readonly string[];
  /** Whether a mistake there is misuse of the command line. */
  readonly isCommandLine: boolean;
  /** The services beside ssh that are set up there. */
  readonly services?: readonly ServiceSetting[];
  /** The store through which bans are shared, if one is set up there. */
  readonly share?: ShareSetting | null;
}

/**
 * Puts a configuration together.
 *
 * @throws {Misuse | Failure} naming the source of the value that cannot be used
 */
export function readServerConfig(sources: readonly Source[]): ServerConfig {
  const read = Object.entries(OPTIONS).map(([property, row]) =>
    [property, readOption(sources, flagName(property), row)] as const
  );
  const config = Object.fromEntries(read) as unknown as Omit<
    ServerConfig,
    "services" | "share"
  >;
  const services = sources.flatMap((source) => source.services ?? []);
  const clash = services.find(({ port, proto }) => port === config.sshPort && proto !== "udp");
  if (clash !== undefined) {
    throw new Failure(`service "${clash.name}" has the port of sshd, ${clash.port}`, {
      hint: "its users have ports of the service ssh",
    });
  }
  const share = sources.find((source) => source.share)?.share ?? null;
  return { ...config, banMax: Math.max(config.banTime, config.banMax), services, share };
}

/**
 * Settings as a TOML document holds them: texts, numbers, truth values, or lists of those; and services
 * and what is shared as tables.
 *
 * @param where the file, for messages
 * @throws {Failure} for unknown names and for values of other types
 */
export function fileSource(document: Readonly<Record<string, unknown>>, where: string): Source {
  const rows: Readonly<Record<string, { readonly value: string; readonly many?: true }>> = OPTIONS;
  const known = new Map(Object.entries(rows).map(([name, row]) => [settingName(name), row]));
  const settings = new Map<string, readonly string[]>();
  const { service, share, ...rest } = document;
  for (const [key, value] of Object.entries(rest)) {
    const row = known.get(key);
    if (row === undefined) {
      const near = suggestion(key, [...known.keys()]);
      throw new Failure(
        `unknown setting "${key}" in ${where}`,
        near === null ? {} : { hint: `did you mean ${near}?` },
      );
    }
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((each) => ["string", "number", "boolean"].includes(typeof each))) {
      throw new Failure(`${key} in ${where} must be a string, a number, true or false`);
    }
    if (Array.isArray(value) && !row.many) {
      throw new Failure(`${key} in ${where} must be one value`);
    }
    settings.set(key, list.map(String));
  }
  const key = (option: string): string => option.replaceAll("-", "_");
  return {
    label: (option) => `${key(option)} in ${where}`,
    values: (option) => settings.get(key(option)) ?? [],
    isCommandLine: false,
    services: readServiceSettings(service, where),
    share: readShareSetting(share, where),
  };
}

function readOption(
  sources: readonly Source[],
  option: string,
  { parse, many, fallback }: ServerOption<unknown>,
): unknown {
  const source = sources.find((each) => each.values(option).length > 0);
  if (source === undefined) return fallback;
  try {
    const values = source.values(option).map(parse);
    return many ? values.flat() : values[0];
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const Kind = source.isCommandLine ? Misuse : Failure;
    throw new Kind(
      `${source.label(option)}: ${error.message}`,
      error.hint === undefined ? {} : { hint: error.hint },
    );
  }
}
