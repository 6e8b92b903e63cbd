import type { Arguments } from "../cli/arguments.ts";
import { type Command, JSON_OPTION, KEY_OPTION } from "../cli/command.ts";
import { Misuse } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import { addUser } from "./user/add.ts";
import { makeCanary } from "./user/canary.ts";
import { listUsers } from "./user/list.ts";
import { removeUser } from "./user/remove.ts";

interface Subcommand {
  /** The options of the table that go with it. */
  readonly options: readonly string[];
  /** Whether it is about one user. */
  readonly isNamed: boolean;
  run(name: string, args: Arguments, host: Host): Promise<number>;
}

const ADD_OPTIONS = ["services", "expires", "from", "ports", "key", "dry-run", "json"];

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ["list", { options: ["json"], isNamed: false, run: (_, args, host) => listUsers(args, host) }],
  ["add", { options: ADD_OPTIONS, isNamed: true, run: addUser }],
  ["canary", { options: ["dry-run", "json"], isNamed: true, run: makeCanary }],
  ["remove", { options: ["cut", "dry-run", "json"], isNamed: true, run: removeUser }],
]);

/** `c3po user`: who has ports of their own on this server. */
export const user: Command = {
  name: "user",
  summary: "list, add, watch and remove users with keys of their own (root)",
  usage: [
    "user [list]",
    "user add NAME [options]",
    "user canary NAME",
    "user remove NAME [--cut]",
  ],
  subcommands: [...SUBCOMMANDS.keys()],
  options: [
    { name: "services", value: "NAME,NAME", text: "add: what the user may reach (default ssh)" },
    {
      name: "expires",
      value: "D|TIME",
      text: "add: shut the ports after D, or at TIME: a date, ISO 8601, or unix seconds",
    },
    {
      name: "from",
      value: "CIDR",
      text: "add: open the ports from this network alone; traps for all others",
      many: true,
    },
    { name: "ports", value: "LO-HI", text: "add: the port range of the new key" },
    { ...KEY_OPTION, text: "add: take the key from this file instead of a new one; - is stdin" },
    { name: "cut", text: "remove: also end the open sessions of this user only (root)" },
    { name: "dry-run", text: "add, canary, remove: say what would be done; change nothing" },
    JSON_OPTION,
  ],
  about: [
    "Each user is a file in /etc/c3po/users. A running serve opens the ports of a new user, and shuts " +
    "those of a removed one, within two seconds, without a reload.",
    "add prints the new key, one line, for the user's machine: " +
    "ssh -t HOST sudo c3po user add alice | c3po key add HOST",
    "canary keeps the key of a user as a tell-tale, after it was lost: their ports lead to a tarpit, " +
    "and each connection to one is reported in the log, with event=canary.",
    "remove shuts the user's ports in all loaded minutes. Open sessions stay open, unless --cut ends " +
    "those that came in by the user's ports. Where two users share an address and the kernel does not " +
    "tell by which port a session came, the session is left and counted.",
  ],
  async run(args, host) {
    const [word = "list", ...operands] = args.operands;
    const subcommand = SUBCOMMANDS.get(word);
    if (subcommand === undefined) {
      throw new Misuse(`unknown user command "${word}"`, {
        hint: `use one of: ${[...SUBCOMMANDS.keys()].join(", ")}`,
      });
    }
    for (const { name } of user.options) {
      const given = args.has(name) || args.value(name) !== undefined;
      if (given && !subcommand.options.includes(name)) {
        throw new Misuse(`--${name} does not go with "user ${word}"`);
      }
    }
    const [name, ...rest] = subcommand.isNamed ? operands : ["", ...operands];
    if (name === undefined) throw new Misuse("NAME is missing");
    if (rest.length > 0) throw new Misuse(`unexpected argument "${rest[0]}"`);
    return await subcommand.run(name, args, host);
  },
};
