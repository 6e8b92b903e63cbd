import type { Arguments } from "../cli/arguments.ts";
import { JSON_OPTION, KEY_OPTION, TRAPS_OPTION } from "../cli/command.ts";
import { Misuse } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import type { Command } from "../cli/command.ts";
import { addKey } from "./key/add.ts";
import { checkKey } from "./key/check.ts";
import { deriveKeyLine } from "./key/derive.ts";
import { listKeys } from "./key/list.ts";
import { newKey } from "./key/new.ts";
import { removeKey } from "./key/remove.ts";
import { showKey } from "./key/show.ts";

interface Subcommand {
  /** The options of the table that go with it. */
  readonly options: readonly string[];
  /** How many operands it takes at most. */
  readonly most: number;
  run(args: Arguments, operands: readonly string[], host: Host): Promise<number>;
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ["new", { options: ["ports", "passphrase", "replace", "json"], most: 1, run: newKey }],
  ["show", { options: ["key", "qr", "page", "json"], most: 1, run: showKey }],
  ["add", { options: ["write", "replace", "passphrase", "traps", "json"], most: 1, run: addKey }],
  ["list", { options: ["json"], most: 0, run: listKeys }],
  ["remove", { options: ["json"], most: 1, run: removeKey }],
  ["check", { options: ["key", "json"], most: 1, run: checkKey }],
  ["derive", {
    options: ["user", "host", "service", "master", "key", "json"],
    most: 0,
    run: deriveKeyLine,
  }],
]);

/** `c3po key`: make, show, hand over and examine the secret both ends share. */
export const key: Command = {
  name: "key",
  summary: "create, show, add, list, remove, derive and check keys",
  usage: [
    "key new [FILE] [--ports LO-HI] [--passphrase] [--replace]",
    "key show [HOST] [--key FILE] [--qr [--page URL]]",
    "key add HOST [--replace] [--write] [--passphrase] [--traps N]",
    "key list",
    "key remove HOST",
    "key check [HOST] [--key FILE]",
    "key derive [--user USER] [--host ID] [--service NAME] [--key FILE]",
  ],
  subcommands: [...SUBCOMMANDS.keys()],
  options: [
    { name: "ports", value: "LO-HI", text: "new: the port range, stored in the key" },
    { name: "passphrase", text: "new, add: use a passphrase instead of a random 256-bit key" },
    { name: "replace", text: "new, add: replace the existing key" },
    { name: "write", text: "add: also write the Host block to ~/.ssh, for scp, git and others" },
    { name: "qr", text: "show: draw a QR code for a phone (terminal only)" },
    {
      name: "page",
      value: "URL",
      text: "show: make the code open the page of c3po page at this URL",
    },
    { ...TRAPS_OPTION, text: "add: number of traps on the server, saved with the key" },
    { name: "user", value: "USER", text: "derive: the master key of this user, from the fleet's" },
    { name: "host", value: "ID", text: "derive: the key of this host, from a user's master key" },
    { name: "service", value: "NAME", text: "derive: the key of this service, from a host's key" },
    { name: "master", text: "derive: print a user's key as a master key for clients" },
    { ...KEY_OPTION, text: "show, check, derive: read the key from this file; - is stdin" },
    JSON_OPTION,
  ],
  about: [
    "new writes FILE, by default /etc/c3po/key as root, else ~/.config/c3po/default.key. As root it " +
    "chooses a range without the ports this machine listens on. --replace keeps the old key next to " +
    "the new one, and a running serve uses the old key until it is reloaded, so that clients can " +
    "fetch the new key first.",
    "add reads the key from a pipe, or asks for it on a terminal, saves it as " +
    "~/.config/c3po/HOST.key and prints the Host block for ~/.ssh/config. To copy it from a " +
    "server: ssh -t HOST sudo c3po key show | c3po key add HOST",
    "remove deletes what add wrote: the key of HOST, and its Host block in ~/.ssh/c3po.conf.",
    "The key can also come from $C3PO_SECRET, or through a pipe: " +
    "pass show web | c3po key check --key -",
    "derive prints the key of a user, then a host, then a service, as one line. The key to derive " +
    "from is read from --key, else from stdin, else from the usual places. Derivation cannot be " +
    "reversed: a host's key reveals nothing about the master key.",
    "check never shows the key; the fingerprint of a random key is the same at both ends.",
  ],
  async run(args, host) {
    const [word, ...operands] = args.operands;
    const known = `use one of: ${[...SUBCOMMANDS.keys()].join(", ")}`;
    if (word === undefined) throw new Misuse("no key command given", { hint: known });
    const subcommand = SUBCOMMANDS.get(word);
    if (subcommand === undefined) {
      throw new Misuse(`unknown key command "${word}"`, { hint: known });
    }
    for (const { name } of key.options) {
      const given = args.has(name) || args.value(name) !== undefined;
      if (given && !subcommand.options.includes(name)) {
        throw new Misuse(`--${name} does not go with "key ${word}"`);
      }
    }
    if (operands.length > subcommand.most) {
      throw new Misuse(`unexpected argument "${operands[subcommand.most]}"`);
    }
    return await subcommand.run(args, operands, host);
  },
};
