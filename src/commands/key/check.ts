import { factsOf } from "../../client/key_facts.ts";
import type { Arguments } from "../../core/arguments.ts";
import type { Key } from "../../core/key.ts";
import type { Host } from "../../host/host.ts";
import { findKey } from "../../host/keyring.ts";
import { resolveHost } from "../../host/ssh.ts";

/** `c3po key check`: answers with all about the key but the key. */
export async function checkKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  const search = { file: args.value("key"), name, resolve: () => resolveHost(name) };
  const facts = await factsOf(await findKey(search, host));
  if (args.has("json")) {
    host.terminal.out(`${JSON.stringify(facts)}\n`);
    return 0;
  }
  const rows = [
    ["key", facts.source],
    ["mode", facts.mode ?? "none"],
    ["scheme", facts.scheme],
    ["strength", STRENGTH[facts.kind]],
    ["ports", facts.ports],
    ["fingerprint", facts.fingerprint ?? "none: it would help to guess this secret"],
  ];
  host.terminal.out(rows.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join(""));
  const advice = ADVICE[facts.kind];
  if (advice !== undefined) host.terminal.note(`c3po: hint: ${advice}`);
  return 0;
}

const STRENGTH: Readonly<Record<Key["kind"], string>> = {
  random: "256 random bits",
  passphrase: "a passphrase, stretched: as strong as its words",
  classic: "a plain secret, not stretched: whoever sees the ports of one minute can guess fast",
};

const ADVICE: Readonly<Partial<Record<Key["kind"], string>>> = {
  passphrase: 'a random key cannot be guessed; "c3po key new" makes one',
  classic: 'use it only where the scheme of 2007 is wanted; "c3po key new" makes a safe key',
};
