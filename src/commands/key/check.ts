import { factsOf } from "../../client/key_facts.ts";
import type { Arguments } from "../../cli/arguments.ts";
import type { KeyFacts } from "../../client/key_facts.ts";
import type { Host } from "../../os/host.ts";
import { findHostKey } from "../../client/host_key.ts";
import { resolveHost } from "../../os/ssh.ts";
import { findOwnKey } from "./own.ts";

/** `c3po key check`: answers with all about the key but the key. */
export async function checkKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  const file = args.value("key");
  const found = name === undefined
    ? { ...await findOwnKey(file, host), id: null }
    : await findHostKey({ file, name, resolve: () => resolveHost(name) }, host);
  const facts = await factsOf(found);
  if (args.has("json")) {
    host.terminal.out(`${JSON.stringify({ ...facts, id: found.id })}\n`);
    return 0;
  }
  const rows = [
    ["key", facts.source],
    ["mode", facts.mode ?? "none"],
    ["scheme", facts.scheme],
    ["strength", STRENGTH[facts.kind]],
    ["ports", facts.ports],
    ...found.id === null ? [] : [["host id", found.id]],
    [
      "fingerprint",
      facts.fingerprint ?? "none, because it would help an attacker guess this secret",
    ],
  ];
  host.terminal.out(rows.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join(""));
  const advice = ADVICE[facts.kind];
  if (advice !== undefined) host.terminal.note(`c3po: hint: ${advice}`);
  return 0;
}

const STRENGTH: Readonly<Record<KeyFacts["kind"], string>> = {
  random: "256 random bits",
  master: "256 random bits; host keys are derived from it",
  passphrase: "a passphrase, stretched: as strong as its words",
  classic:
    "a plain secret, not stretched: easy to guess for anyone who sees the ports of one minute",
};

const ADVICE: Readonly<Partial<Record<KeyFacts["kind"], string>>> = {
  passphrase: 'a random key cannot be guessed; "c3po key new" creates one',
  classic: 'use it only for the scheme of 2007; "c3po key new" creates a safe key',
};
