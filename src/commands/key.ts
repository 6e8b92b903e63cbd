import type { Arguments } from "../core/arguments.ts";
import { JSON_OPTION, KEY_OPTION } from "../core/command.ts";
import { Misuse } from "../core/errors.ts";
import type { Host } from "../host/host.ts";
import type { Command } from "./command.ts";
import { addKey } from "./key/add.ts";
import { checkKey } from "./key/check.ts";
import { newKey } from "./key/new.ts";
import { showKey } from "./key/show.ts";

interface Subcommand {
  /** The options of the table that go with it. */
  readonly options: readonly string[];
  /** How many operands it takes at most. */
  readonly most: number;
  run(args: Arguments, operands: readonly string[], host: Host): Promise<number>;
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ["new", { options: ["ports", "passphrase", "json"], most: 1, run: newKey }],
  ["show", { options: ["key", "json"], most: 1, run: showKey }],
  ["add", { options: ["write", "replace", "json"], most: 1, run: addKey }],
  ["check", { options: ["key", "json"], most: 1, run: checkKey }],
]);

/** `c3po key`: make, show, hand over and examine the secret both ends share. */
export const key: Command = {
  name: "key",
  summary: "make, show, hand over or examine the key",
  usage: [
    "key new [FILE] [--ports LO-HI] [--passphrase]",
    "key show [HOST] [--key FILE]",
    "key add HOST [--replace] [--write]",
    "key check [HOST] [--key FILE]",
  ],
  subcommands: [...SUBCOMMANDS.keys()],
  options: [
    { name: "ports", value: "LO-HI", text: "new: the range of ports that travels with the key" },
    { name: "passphrase", text: "new: ask for a passphrase instead of 256 random bits" },
    { name: "replace", text: "add: take the place of the key this host had" },
    { name: "write", text: "add: also put the Host block into ~/.ssh, for scp, git and the rest" },
    { ...KEY_OPTION, text: "show, check: read the key from this file" },
    JSON_OPTION,
  ],
  about: [
    "new writes /etc/c3po/key as root, else ~/.config/c3po/default.key, unless FILE is given. As " +
    "root it leaves out of the range what this machine listens on. A file that is there is never " +
    "replaced.",
    "add reads the key from stdin, or asks for it on a terminal, keeps it in " +
    "~/.config/c3po/HOST.key and prints the Host block for ~/.ssh/config. From a server to a " +
    "client: ssh HOST sudo c3po key show | c3po key add HOST",
    "check never shows the key; the fingerprint of a random key is the same at both ends.",
  ],
  async run(args, host) {
    const [word, ...operands] = args.operands;
    const known = `write one of: ${[...SUBCOMMANDS.keys()].join(", ")}`;
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
