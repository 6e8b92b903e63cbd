import type { Arguments } from "../../cli/arguments.ts";
import { parseCidr } from "../../os/address.ts";
import { parseDuration } from "../../os/duration.ts";
import { asArgument, C3poError, Failure, Misuse } from "../../os/errors.ts";
import { exists, writePrivate } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import type { DerivedKey } from "../../schedule/derivation.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import { rangeOf } from "../../schedule/key.ts";
import { formatKey } from "../../schedule/key_text.ts";
import { formatMoment } from "../../schedule/moment.ts";
import { formatPortRange, parsePortRange, type PortRange } from "../../schedule/ports.ts";
import type { ServerConfig } from "../../server/options.ts";
import { findKey } from "../../users/keyring.ts";
import { checkUserName, userFilePath, USERS_FOLDER } from "../../users/registry.ts";
import {
  formatUserFile,
  parseExpiry,
  parseServices,
  type UserFile,
} from "../../users/user_file.ts";
import { randomKey } from "../key/random.ts";
import { findServerKey, findUsers, serverSettings } from "../server_config.ts";

/** `c3po user add NAME`: answers with the line of the user's key. */
export async function addUser(name: string, args: Arguments, host: Host): Promise<number> {
  asArgument(() => checkUserName(name));
  const settings = settingsOf(args, host);
  const config = await serverSettings(host);
  const folder = config.users ?? USERS_FOLDER;
  const path = userFilePath(folder, name);
  await refuseExisting(name, path);
  const key = await keyFor(args, config, host);
  await refuseKnownKey(key, folder, config, host);
  const user: UserFile = { key, ...settings, state: "open" };
  const isRehearsal = args.has("dry-run");
  if (!isRehearsal) await writePrivate(path, formatUserFile(user), false);
  tellUnknownServices(user, config, host);
  const mark = await fingerprint(key);
  const facts = `fingerprint ${mark}, ports ${formatPortRange(rangeOf(key))}`;
  if (args.has("json")) {
    const { services, expires, from } = user;
    host.terminal.out(`${
      JSON.stringify({
        user: name,
        file: path,
        // A rehearsal makes no key that could be used.
        key: isRehearsal ? null : formatKey(key),
        fingerprint: isRehearsal ? null : mark,
        services,
        expires: expires === null ? null : formatMoment(expires),
        from: from.map(({ text }) => text),
      })
    }\n`);
    return 0;
  }
  if (isRehearsal) {
    host.terminal.out(
      `# ${path}\n${formatUserFile(user).replace(/^key = .*/, 'key = "c3po-1-…"')}`,
    );
    return 0;
  }
  host.terminal.raw(`${formatKey(key)}\n`);
  host.terminal.note(`c3po: new user ${name}, ${facts}, in ${path}`);
  host.terminal.note(`c3po: hint: on the machine of ${name}: c3po key add HOST`);
  if (host.terminal.interactive) {
    host.terminal.note("c3po: anyone who sees this line knows every port; clear the screen");
  }
  return 0;
}

function settingsOf(args: Arguments, host: Host): Pick<UserFile, "services" | "expires" | "from"> {
  const [services, expires] = [args.value("services"), args.value("expires")];
  return asArgument(() => ({
    services: parseServices(services?.split(",") ?? ["ssh"]),
    expires: expires === undefined ? null : expiryOf(expires, host.clock.now()),
    from: args.values("from").map(parseCidr),
  }));
}

/** A duration from now, or a moment. In the file it is a whole second. */
function expiryOf(text: string, now: number): number {
  const at = /^\d+[wdhms]/.test(text) ? now + parseDuration(text) * 1000 : parseExpiry(text);
  if (at <= now) throw new Misuse(`--expires: ${formatMoment(at)} is over`);
  return Math.floor(at / 1000) * 1000;
}

async function refuseExisting(name: string, path: string): Promise<void> {
  if (!await exists(path)) return;
  throw new Failure(`user "${name}" already exists: "${path}"`, {
    hint: `to give them a new key, remove them first: c3po user remove ${name}`,
  });
}

async function keyFor(args: Arguments, config: ServerConfig, host: Host): Promise<DerivedKey> {
  const [file, ports] = [args.value("key"), args.value("ports")];
  if (file === undefined) {
    const wanted = ports === undefined ? undefined : asArgument(() => parsePortRange(ports));
    return await randomKey(wanted ?? await serverRange(config, host), host);
  }
  if (ports !== undefined) throw new Misuse("--ports goes with a new key, and --key is another");
  const { key, source } = await findKey({ file }, host);
  if (key.kind === "random") return key;
  throw new Failure(`the key in ${source} is a ${key.kind} key, and users need a random one`, {
    hint: "leave --key out for a new one, or derive one: c3po key derive",
  });
}

/** The range that the server's own key has, if it has one: routers in front may let in no other. */
async function serverRange(config: ServerConfig, host: Host): Promise<PortRange | undefined> {
  try {
    const { key } = await findServerKey(undefined, config.key, host);
    return "range" in key ? key.range : undefined;
  } catch (error) {
    if (error instanceof C3poError) return undefined;
    throw error;
  }
}

/** Of two users with one key neither would be served. */
async function refuseKnownKey(
  key: DerivedKey,
  folder: string,
  config: ServerConfig,
  host: Host,
): Promise<void> {
  const { registry: { users, problems } } = await findUsers(config, undefined, host);
  const ofFolder = problems.find((each) => each.file === folder);
  if (ofFolder !== undefined) {
    const { message, hint } = ofFolder;
    throw new Failure(`"${folder}": ${message}`, hint === undefined ? {} : { hint });
  }
  const mark = await fingerprint(key);
  const other = users.find((user) => user.fingerprint === mark);
  if (other === undefined) return;
  throw new Failure(`the key with fingerprint ${mark} is that of user "${other.name}" already`, {
    hint: "give each user a key of their own",
  });
}

function tellUnknownServices({ services }: UserFile, config: ServerConfig, host: Host): void {
  const known = new Set(["ssh", ...config.services.map(({ name }) => name)]);
  const unknown = services.filter((each) => !known.has(each));
  if (unknown.length === 0) return;
  host.terminal.note(
    `c3po: warning: this server has no service ${unknown.join(", ")} yet; ` +
      "add [service.NAME] to server.toml",
  );
}
