import type { Arguments } from "../../core/arguments.ts";
import { fingerprint } from "../../core/fingerprint.ts";
import { type Key, rangeOf, schemeOf } from "../../core/key.ts";
import { formatPortRange } from "../../core/ports.ts";
import { modeOf } from "../../host/files.ts";
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
  const { key, source } = await findKey(search, host);
  const bits = source.startsWith("$") ? null : await modeOf(source);
  const mode = bits === null ? null : `0${bits.toString(8).padStart(3, "0")}`;
  const [scheme, ports] = [schemeOf(key), formatPortRange(rangeOf(key))];
  const mark = await fingerprint(key);
  if (args.has("json")) {
    const { kind } = key;
    const answer = { source, mode, scheme, kind, ports, fingerprint: mark };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  const rows = [
    ["key", source],
    ["mode", mode ?? "none"],
    ["scheme", scheme],
    ["strength", STRENGTH[key.kind]],
    ["ports", ports],
    ["fingerprint", mark ?? "none: it would help to guess this secret"],
  ];
  host.terminal.out(rows.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join(""));
  const advice = ADVICE[key.kind];
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
