import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { Arguments } from "../../cli/arguments.ts";
import { trapsTold } from "../../cli/client_options.ts";
import { asSource, Failure, Misuse } from "../../os/errors.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import type { Key } from "../../schedule/key.ts";
import { formatKey, parseKey } from "../../schedule/key_text.ts";
import { hostBlockFor } from "../../client/host_block.ts";
import { readText, writePrivate } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { type FoundKey, keyFileText, readKey, userKeyFile } from "../../users/key_files.ts";
import { Bystander, receivedKey } from "../../users/received_key.ts";
import { canAsk, readSecret, readStdin } from "../../os/secret.ts";
import { addHostBlock, homeNote } from "../../client/ssh_config_file.ts";
import { kindOf } from "./kind.ts";

/** `c3po key add HOST`: answers with the Host block for ssh_config. */
export async function addKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  checkHostName(name);
  const file = userKeyFile(name, host);
  if (file === null) throw new Failure("no home directory for the key");
  const traps = trapsTold(args);
  const key = args.has("passphrase") ? await passphraseOf(name) : await keyOf(name, host);
  const { block, note } = await hostBlockFor(name, file);
  if (block === null && args.has("write")) {
    throw new Failure(note!, { hint: "without --write, only the key is added" });
  }
  const isNew = await keep(file, { key, traps }, args.has("replace"));
  const isWritten = args.has("write") && block !== null;
  const changed = isWritten ? await addHostBlock(name, block, host) : [];
  const mark = await fingerprint(key);
  if (args.has("json")) {
    const { kind } = key;
    const answer = { host: name, file, kind, fingerprint: mark, block, changed };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  const said = `c3po: ${kindOf(key)}${mark === null ? "" : `, fingerprint ${mark}`}, `;
  host.terminal.note(`${said}${isNew ? "written to" : "was already in"} ${file}`);
  if (isWritten) {
    for (const path of changed) host.terminal.note(`c3po: changed ${path}`);
    if (changed.length === 0) host.terminal.note("c3po: the Host block was already there");
    const elsewhere = homeNote(host);
    if (elsewhere !== null) host.terminal.note(`c3po: hint: ${elsewhere}`);
  } else if (block !== null) {
    host.terminal.note("c3po: hint: put this into ~/.ssh/config, or run it again with --write:");
  }
  if (note !== null) host.terminal.note(`c3po: hint: ${note}`);
  if (block !== null) host.terminal.out(block);
  return 0;
}

/** What `key add` is given. */
interface Added {
  readonly key: Key;
  readonly traps: number | undefined;
}

/** Refuses what ssh_config would take for a pattern, and what is no name of a host at all. */
export function checkHostName(name: string | undefined): asserts name is string {
  if (name === undefined) {
    throw new Misuse("HOST is missing", { hint: "write it as you would for ssh" });
  }
  if (/^([\w.-]+|\[.*\]):\d+$/.test(name)) {
    throw new Misuse(`"${name}" names a port, and the port changes every minute`, {
      hint: `write ${name.replace(/:\d+$/, "")}`,
    });
  }
  if (!/^[\w:][\w.:+/-]*$/.test(name)) {
    throw new Misuse(`"${name}" is not a host name`, {
      hint: "write it as you would for ssh, without the user",
    });
  }
}

/** The key from a terminal, where a passphrase may be typed, or out of what comes through a pipe. */
async function keyOf(name: string, host: Host): Promise<Key> {
  if (canAsk()) {
    const typed = await readSecret(`key of ${name}:`);
    return asSource("the key to add", () => parseKey(typed));
  }
  const bystander = new Bystander();
  const hear = (text: string): void => host.terminal.pass(bystander.hear(text));
  const text = await readStdin({ hear, lenient: true });
  host.terminal.pass(bystander.end());
  try {
    return asSource("what came through the pipe", () => receivedKey(text));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.message, { hint: adviceFor(name, text) });
  }
}

/** What to do where the other end did not send a key. Whatever it sent instead was shown. */
function adviceFor(name: string, text: string): string {
  if (text.includes("c3po-1-")) return "copy it again from the server: c3po key show";
  return "did the command before it fail? if sudo asks for a password, ssh needs -t: " +
    `ssh -t ${name} sudo c3po key show | c3po key add ${name}; ` +
    "to add a passphrase, use --passphrase";
}

async function passphraseOf(name: string): Promise<Key> {
  const text = await readSecret(`passphrase of ${name}:`);
  const key = asSource("passphrase", () => parseKey(text));
  if (key.kind === "passphrase") return key;
  throw new Failure("that is a key of another kind", { hint: "leave --passphrase out" });
}

/** @returns whether the file was written, because it did not say all of that already */
async function keep(file: string, added: Added, replace: boolean): Promise<boolean> {
  const text = await readText(file);
  const present = text === null ? null : await readable(file);
  const isOurs = present !== null && isSame(present.key, added.key);
  const traps = added.traps ?? (isOurs ? present.traps : undefined);
  if (isOurs && traps === present.traps) return false;
  try {
    await writePrivate(file, keyFileText(added.key, traps), replace || isOurs);
  } catch (error) {
    if (!(error instanceof Failure) || await readText(file) === null) throw error;
    throw new Failure(`"${file}" already holds another key`, {
      hint: "add --replace if the server has a new key",
    });
  }
  return true;
}

/** What a file holds; null where it is no key, which is another key for sure. */
async function readable(file: string): Promise<FoundKey | null> {
  try {
    return await readKey(file, parseKey);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** Whether two keys are the same; how long it takes to see tells nothing about either. */
function isSame(some: Key, other: Key): boolean {
  const encoder = new TextEncoder();
  const [one, two] = [some, other].map((key) => encoder.encode(formatKey(key)));
  return one!.length === two!.length && timingSafeEqual(one!, two!);
}
