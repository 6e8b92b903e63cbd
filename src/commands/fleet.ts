import type { Arguments } from "../cli/arguments.ts";
import { type Command, JSON_OPTION, KEY_OPTION } from "../cli/command.ts";
import { Misuse } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import { fleetKeys } from "./fleet/keys.ts";
import { newFleet } from "./fleet/new.ts";

interface Subcommand {
  /** The options of the table that go with it. */
  readonly options: readonly string[];
  /** How many operands it takes at most. */
  readonly most: number;
  run(args: Arguments, host: Host): Promise<number>;
}

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map([
  ["new", { options: ["ports", "json"], most: 2, run: newFleet }],
  ["keys", { options: ["users", "hosts", "out", "key", "json"], most: 1, run: fleetKeys }],
  ["order", { options: ["for", "key", "json"], most: 3, run: order }],
  ["publish", { options: [], most: 1, run: publish }],
]);

/** Loaded when it is wanted: other commands need nothing of a server. */
async function order(args: Arguments, host: Host): Promise<number> {
  return await (await import("./fleet/order.ts")).fleetOrder(args, host);
}

async function publish(_args: Arguments, host: Host): Promise<number> {
  return await (await import("./fleet/publish.ts")).fleetPublish(host);
}

/** `c3po fleet`: keys for many users on many hosts, from one master key. */
export const fleet: Command = {
  name: "fleet",
  summary: "create the keys of many users on many hosts, and give orders to all hosts",
  usage: [
    "fleet new [FILE] [--ports LO-HI]",
    "fleet keys --users FILE --hosts FILE --out DIR [--key FILE]",
    "fleet order ban ADDR [--for D] [--key FILE]",
    "fleet order forgive ADDR|all [--key FILE]",
    "fleet order allow CIDR [--for D] [--key FILE]",
    "fleet order expel MEMBER [--key FILE]",
    "fleet order revoke FINGERPRINT [--key FILE]",
    "fleet publish",
  ],
  subcommands: [...SUBCOMMANDS.keys()],
  options: [
    { name: "ports", value: "LO-HI", text: "new: the port range of all keys derived from it" },
    {
      name: "users",
      value: "FILE",
      text: "keys: the users, one per line: NAME [SERVICE,SERVICE...]",
    },
    { name: "hosts", value: "FILE", text: "keys: the host ids, one per line" },
    { name: "out", value: "DIR", text: "keys: the directory to create; it must not exist" },
    {
      name: "for",
      value: "D",
      text: "order ban: how long, 15m at most and by default; order allow: 1h by default",
    },
    {
      ...KEY_OPTION,
      text: "keys, order: read the master key, or for order admin.key, from this file",
    },
    JSON_OPTION,
  ],
  about: [
    "new writes the master key of a fleet to FILE (default fleet.key). Every key of the fleet can be " +
    "derived from it: keep it offline, for example: age -p -o fleet.key.age fleet.key",
    "keys derives the keys and writes them to DIR: for each host HOST/users/USER.toml, to install in " +
    "/etc/c3po/users there, and HOST/member.key; for each user clients/USER.key, a master key to " +
    "install as ~/.config/c3po/default.key; members, the public keys of all hosts; and admin.key, which " +
    "signs orders, with its public half in admin.pub. The master key is read from --key, else from stdin, " +
    "else from the usual places.",
    "order prints a line signed by the fleet's administrator; publish, as root on any server that shares " +
    "bans, reads such lines from stdin and sends them to all. allow keeps a network from being banned for a " +
    "while, an IPv4 /16 or an IPv6 /32 at most; the last order about a network counts. revoke makes the " +
    "ports of a user's key traps on the server that has it. Orders work where [share] of server.toml has admin, the text of admin.pub.",
    "The same names always give the same keys, so DIR can be removed once its files are installed. " +
    "Give a rebuilt host a new id, as in web1.example.org~2.",
  ],
  async run(args, host) {
    const [word] = args.operands;
    const known = `use one of: ${[...SUBCOMMANDS.keys()].join(", ")}`;
    if (word === undefined) throw new Misuse("no fleet command given", { hint: known });
    const subcommand = SUBCOMMANDS.get(word);
    if (subcommand === undefined) {
      throw new Misuse(`unknown fleet command "${word}"`, { hint: known });
    }
    for (const { name } of fleet.options) {
      const given = args.has(name) || args.value(name) !== undefined;
      if (given && !subcommand.options.includes(name)) {
        throw new Misuse(`--${name} does not go with "fleet ${word}"`);
      }
    }
    args.take(1, subcommand.most, "a fleet command");
    return await subcommand.run(args, host);
  },
};
