import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { Arguments } from "../../core/arguments.ts";
import { asSource, Failure, Misuse } from "../../core/errors.ts";
import { fingerprint } from "../../core/fingerprint.ts";
import { formatKey, type Key, parseKey } from "../../core/key.ts";
import { shellCommand } from "../../core/shell.ts";
import { hostBlock } from "../../core/ssh_config.ts";
import { readText, writePrivate } from "../../host/files.ts";
import { type Host, os } from "../../host/host.ts";
import { userKeyFile } from "../../host/keyring.ts";
import { readSecret } from "../../host/secret.ts";
import { resolveHost } from "../../host/ssh.ts";
import { addHostBlock } from "../../host/ssh_config.ts";

/** `c3po key add HOST`: answers with the Host block for ssh_config. */
export async function addKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  if (name === undefined) throw new Misuse("HOST is missing");
  // What ssh_config would take for a pattern must not get into a Host line.
  if (!/^[\w:][\w.:-]*$/.test(name)) {
    throw new Misuse(`"${name}" is no host name`, {
      hint: "write it as you type it for ssh, without the user",
    });
  }
  const file = userKeyFile(name, host);
  if (file === null) throw new Failure("no home folder to keep the key in");
  const text = await readSecret(`key of ${name}:`);
  const key = asSource("the key to add", () => parseKey(text));
  const isNew = await keep(file, key, args.has("replace"));
  const block = hostBlock(name, await proxyCommand(name, file));
  const changed = args.has("write") ? await addHostBlock(name, block, host) : [];
  if (args.has("json")) {
    const answer = { host: name, file, fingerprint: await fingerprint(key), block, changed };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  host.terminal.note(`c3po: ${isNew ? "key written to" : "the same key was already in"} ${file}`);
  if (args.has("write")) {
    for (const path of changed) host.terminal.note(`c3po: changed ${path}`);
    if (changed.length === 0) host.terminal.note("c3po: the Host block was already there");
  } else {
    host.terminal.note("c3po: hint: put this into ~/.ssh/config, or run it again with --write:");
  }
  host.terminal.out(block);
  return 0;
}

/** @returns whether the key was not there before */
async function keep(file: string, key: Key, replace: boolean): Promise<boolean> {
  const line = `${formatKey(key)}\n`;
  const present = await readText(file);
  if (present !== null && isSame(present, line)) return false;
  try {
    await writePrivate(file, line, replace);
  } catch (error) {
    if (!(error instanceof Failure) || await readText(file) === null) throw error;
    throw new Failure(`"${file}" holds another key already`, {
      hint: "add --replace if the server has a new key",
    });
  }
  return true;
}

/** Whether two secrets are the same; how long that takes tells nothing about them. */
function isSame(one: string, other: string): boolean {
  const encoder = new TextEncoder();
  return timingSafeEqual(encoder.encode(one), encoder.encode(other));
}

/** What ssh is to run. It asks for the host by its resolved name, which may not be the key's. */
async function proxyCommand(name: string, file: string): Promise<string> {
  const resolved = await resolveHost(name);
  if (resolved === null || resolved === name.toLowerCase()) return "c3po proxy %h";
  const path = os === "windows" ? `"${file}"` : shellCommand([file]);
  return `c3po proxy --key ${path.replaceAll("%", "%%")} %h`;
}
