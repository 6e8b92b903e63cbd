import { parse as parseToml } from "@std/toml";
import type { Arguments } from "../cli/arguments.ts";
import { createFirewall } from "../firewall/engines.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { C3poError, Failure } from "../os/errors.ts";
import { exists, isForbidden, readText } from "../os/files.ts";
import { type Host, isRoot } from "../os/host.ts";
import { rangeOf } from "../schedule/key.ts";
import { checkTraps } from "../schedule/schedule.ts";
import { fileSource, readServerConfig, type Source } from "../server/config.ts";
import type { Configuration } from "../server/context.ts";
import type { ServerConfig } from "../server/options.ts";
import { type FoundKey, SERVER_KEY } from "../users/key_files.ts";
import { findKey } from "../users/keyring.ts";
import { loadUsers, problemOf, USERS_FOLDER } from "../users/registry.ts";

/** Where a server's settings are. */
export const CONFIG_FILE = "/etc/c3po/server.toml";
/** Allow lists of a hundred thousand networks fit, in bytes. */
const LARGEST_CONFIG = 4 << 20;

/**
 * The configuration as it is now, with the users it is for. What is wrong with a user's file, or with
 * `/etc/c3po/key` where others can be served, is among the problems of the registry.
 *
 * @throws {Failure} if no user can be served
 */
export async function readConfiguration(args: Arguments, host: Host): Promise<Configuration> {
  const config = readServerConfig(await configSources(args, host));
  const configuration = await withUsers(config, args.value("key"), host);
  for (const { key } of configuration.registry.users) {
    checkTraps(config.traps, config.ports ?? rangeOf(key));
  }
  return configuration;
}

/** The same without a look at the traps. @param flag what `--key` named */
export async function withUsers(
  config: ServerConfig,
  flag: string | undefined,
  host: Host,
): Promise<Configuration> {
  const { failure, ...found } = await findUsers(config, flag, host);
  const isKeyNamed = [flag, config.key, host.env("C3PO_KEY_FILE"), host.env("C3PO_SECRET")]
    .some((each) => each !== undefined);
  if (failure !== null && (isKeyNamed || found.registry.users.length === 0)) throw failure;
  return { config, ...found };
}

/** Whose ports a configuration opens, and why the server has no key of its own, if it has none. */
export async function findUsers(
  config: ServerConfig,
  flag: string | undefined,
  host: Host,
): Promise<Omit<Configuration, "config"> & { readonly failure: C3poError | null }> {
  const usersFolder = config.users ?? USERS_FOLDER;
  const key = await findServerKey(flag, config.key, host).catch((error) => {
    if (!(error instanceof C3poError)) throw error;
    return error;
  });
  const failure = key instanceof C3poError ? key : null;
  const server = key instanceof C3poError ? null : key;
  const { users, problems } = await loadUsers(usersFolder, server);
  // Where every user has a file, the server needs no key of its own.
  const isBroken = failure !== null && await exists(config.key ?? SERVER_KEY);
  const ofKey = isBroken ? [problemOf(config.key ?? SERVER_KEY, failure)] : [];
  return { failure, server, usersFolder, registry: { users, problems: [...ofKey, ...problems] } };
}

/** The settings of a server, for the commands that only need some of them and have none of their flags. */
export async function serverSettings(host: Host): Promise<ServerConfig> {
  return readServerConfig([environment(host), await configFile(host)]);
}

/** The packet filter that a running `serve` uses, or the next one would. */
export async function chosenFirewall(host: Host): Promise<Firewall> {
  const { firewall } = await serverSettings(host);
  return await createFirewall(firewall, host.clock);
}

/** A server has one key of its own; the folder of the user who starts it is not looked at. */
export async function findServerKey(
  flag: string | undefined,
  configured: string | undefined,
  host: Host,
): Promise<FoundKey> {
  const elsewhere = host.env("C3PO_KEY_FILE") ?? host.env("C3PO_SECRET");
  return await findKey({ file: flag ?? (elsewhere ? undefined : configured ?? SERVER_KEY) }, host);
}

/** Where the settings of a server come from, the strongest first. */
export async function configSources(args: Arguments, host: Host): Promise<Source[]> {
  return [
    {
      label: (option) => `--${option}`,
      values: (option) => args.has(option) ? ["true"] : args.values(option),
      isCommandLine: true,
    },
    environment(host),
    await configFile(host),
  ];
}

/** The variable of the environment for an option, such as `C3PO_BAN_TIME` for `ban-time`. */
export function settingVariable(option: string): string {
  return `C3PO_${option.replaceAll("-", "_").toUpperCase()}`;
}

function environment(host: Host): Source {
  return {
    label: (option) => `$${settingVariable(option)}`,
    values: (option) => {
      const value = host.env(settingVariable(option));
      return value === undefined ? [] : [value];
    },
    isCommandLine: false,
  };
}

async function configFile(host: Host): Promise<Source> {
  const text = await readText(CONFIG_FILE, LARGEST_CONFIG).catch((error) => {
    // Only a preview comes here without root, and can be one of what else is known.
    if (isRoot() || !isForbidden(error)) throw error;
    host.terminal.note(`c3po: warning: ${error.message}; the preview goes without it`);
    return null;
  });
  try {
    return fileSource(text === null ? {} : parseToml(text), CONFIG_FILE);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Failure(`${CONFIG_FILE} is not TOML: ${error.message.replace(/\s+/g, " ")}`);
  }
}
