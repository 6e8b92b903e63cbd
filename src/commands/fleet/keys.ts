import { pooledMap } from "@std/async/pool";
import type { Arguments } from "../../cli/arguments.ts";
import { adminKey } from "../../fleet/admin_key.ts";
import { type FleetUser, fleetUser, hostKeys } from "../../fleet/host_keys.ts";
import { type ListedName, parseNameList } from "../../fleet/name_list.ts";
import { asSource, Failure, Malformed, Misuse } from "../../os/errors.ts";
import { readText } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { makePrivateFolder, type Put } from "../../os/new_folder.ts";
import { endSignal } from "../../os/signals.ts";
import { checkName, SSH_SERVICE } from "../../schedule/derivation.ts";
import type { MasterKey } from "../../schedule/key.ts";
import { formatKey } from "../../schedule/key_text.ts";
import { findParentKey } from "../../users/parent_key.ts";
import { checkUserName } from "../../users/registry.ts";
import { formatUserFile, parseServices } from "../../users/user_file.ts";

/** Hosts whose files are written at once. */
const AT_ONCE = 4;
/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 1_000;
/** Twenty thousand hosts with their names. */
const LARGEST_LIST = 4_194_304;
/** What stands in the folder beside the hosts. */
const [CLIENTS, MEMBERS] = ["clients", "members"];
const [ADMIN_KEY, ADMIN_PUBLIC] = ["admin.key", "admin.pub"];
const RESERVED: readonly string[] = [CLIENTS, MEMBERS, ADMIN_KEY, ADMIN_PUBLIC];

/** `c3po fleet keys`: answers with the folder that all keys are in. */
export async function fleetKeys(args: Arguments, host: Host): Promise<number> {
  const [usersFile, hostsFile, out] = ["users", "hosts", "out"].map((name) => {
    const value = args.value(name);
    if (value === undefined) throw new Misuse(`--${name} is missing`);
    return value;
  }) as [string, string, string];
  const listed = await readList(usersFile, checkUser);
  const ids = (await readList(hostsFile, checkHost)).map(({ name }) => name);
  const { key, source } = await findParentKey(args.value("key"), host);
  if (key.kind !== "master") {
    throw new Failure(`the key in ${source} is not a fleet master key`, {
      hint: "name one with --key, or create one: c3po fleet new",
    });
  }
  const users = await Promise.all(
    listed.map(({ name, words }) => fleetUser(key, name, words.length > 0 ? words : [SSH_SERVICE])),
  );
  using end = endSignal();
  await makePrivateFolder(out, (put) => writeAll(key, users, ids, put, host, end.signal));
  const counts = { hosts: ids.length, users: users.length };
  host.terminal.out(args.has("json") ? `${JSON.stringify({ out, ...counts })}\n` : `${out}\n`);
  host.terminal.note(`c3po: keys of ${counts.users} users on ${counts.hosts} hosts`);
  return 0;
}

async function writeAll(
  fleet: MasterKey,
  users: readonly FleetUser[],
  ids: readonly string[],
  put: Put,
  host: Host,
  end: AbortSignal,
): Promise<void> {
  let told = host.clock.now();
  let done = 0;
  const members: string[] = [];
  const hosts = pooledMap(AT_ONCE, ids, async (id: string): Promise<string> => {
    if (end.aborted) throw new Failure("stopped, and nothing was written");
    return `${id} ${await writeHost(fleet, users, id, put)}\n`;
  });
  for await (const line of hosts) {
    members.push(line);
    done++;
    if (host.clock.now() - told < PROGRESS_MS) continue;
    told = host.clock.now();
    host.terminal.note(`c3po: ${done} of ${ids.length} hosts`);
  }
  await put(MEMBERS, members.join(""));
  const admin = await adminKey(fleet);
  await put(ADMIN_KEY, `${admin.line}\n`);
  await put(ADMIN_PUBLIC, `${admin.publicKey}\n`);
  for (const { name, master } of users) {
    await put(`${CLIENTS}/${name}.key`, `${formatKey(master)}\n`);
  }
}

/** @returns the public key of the host */
async function writeHost(
  fleet: MasterKey,
  users: readonly FleetUser[],
  id: string,
  put: Put,
): Promise<string> {
  const { users: keys, member, publicKey } = await hostKeys(fleet, users, id);
  await put(`${id}/member.key`, `${member}\n`);
  await Promise.all(keys.map(({ user: { name, services }, key }) => {
    const user = { key, services, expires: null, from: [], state: "open" } as const;
    return put(`${id}/users/${name}.toml`, formatUserFile(user));
  }));
  return publicKey;
}

async function readList(path: string, check: (line: ListedName) => void): Promise<ListedName[]> {
  const text = await readText(path, LARGEST_LIST);
  if (text === null) throw new Failure(`no file "${path}"`);
  return asSource(`"${path}"`, () => parseNameList(text, check));
}

function checkUser({ name, words }: ListedName): void {
  checkUserName(name);
  if (words.length > 0) parseServices(words);
}

function checkHost({ name, words }: ListedName): void {
  checkName("host", name);
  if (words.length > 0) throw new Malformed(`"${words[0]}" is unexpected`);
  if (RESERVED.includes(name)) {
    throw new Malformed(`"${name}" is reserved in the output directory`);
  }
}
