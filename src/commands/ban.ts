import { type Address, FAMILIES, parseBanned } from "../core/address.ts";
import type { Arguments } from "../core/arguments.ts";
import { JSON_OPTION } from "../core/command.ts";
import { parseBanTime } from "../core/config.ts";
import { formatDuration } from "../core/duration.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { addEntry, elementOf, flushSets, removeEntry } from "../core/firewall/ipset.ts";
import { banSet } from "../core/firewall/sets.ts";
import { columns } from "../core/help.ts";
import type { Host } from "../host/host.ts";
import { restoreSets } from "../host/ipset.ts";
import { changePair, type FamilyEntry, readPair } from "../host/sets.ts";
import type { Command } from "./command.ts";

const DEFAULT_BAN = "15m";

/** `c3po ban`: who is shut out. */
export const ban: Command = {
  name: "ban",
  summary: "list, add and remove bans, in the kernel itself (root)",
  usage: ["ban [list]", "ban add ADDR… [--for D]", "ban remove ADDR…", "ban clear"],
  subcommands: ["list", "add", "remove", "clear"],
  options: [
    { name: "for", value: "D", text: `how long, as in 90s, 1h30m or 7d (default ${DEFAULT_BAN})` },
    JSON_OPTION,
  ],
  about: [
    "Bans act at once, whether or not serve runs. An IPv6 address stands for its /64. What is " +
    "open stays open: a ban shuts out new connections.",
  ],
  async run(args, host) {
    const [verb = "list", ...words] = args.operands;
    if (args.has("json") && verb !== "list") throw new Misuse("--json goes with ban list");
    if (args.value("for") !== undefined && verb !== "add") {
      throw new Misuse("--for goes with ban add");
    }
    switch (verb) {
      case "list":
        args.take(0, 1, "");
        return await list(args, host);
      case "add":
        return await add(addresses(words), args.value("for") ?? DEFAULT_BAN, host);
      case "remove":
        return await remove(addresses(words), host);
      case "clear":
        args.take(1, 1, "");
        return await clear(host);
      default:
        throw new Misuse(`unknown action "${verb}"`, { hint: "list, add, remove or clear" });
    }
  },
};

function addresses(words: readonly string[]): Address[] {
  if (words.length === 0) throw new Misuse("ADDR is missing");
  return words.map((word) => asArgument(() => parseBanned(word)));
}

async function list(args: Arguments, host: Host): Promise<number> {
  const bans = (await readPair(banSet)).map((entry) => ({ ...entry, address: addressOf(entry) }));
  if (args.has("json")) {
    const rows = bans.map(({ address, family, seconds }) => ({ address, family, seconds }));
    host.terminal.out(JSON.stringify(rows) + "\n");
    return 0;
  }
  if (bans.length === 0) host.terminal.note("c3po: nobody is banned");
  const rows = bans.map(({ address, seconds }): [string, string] => [
    address,
    seconds === null ? "for ever" : formatDuration(seconds),
  ]);
  if (rows.length > 0) host.terminal.out(columns([["ADDRESS", "LEFT"], ...rows]));
  return 0;
}

async function add(banned: readonly Address[], time: string, host: Host): Promise<number> {
  const seconds = asArgument(() => parseBanTime(time));
  await changePair(banSet, banned, (set, address) => addEntry(set, elementOf(address), seconds));
  for (const { text } of banned) {
    host.terminal.note(`c3po: banned ${text} for ${formatDuration(seconds)}`);
  }
  return 0;
}

async function remove(banned: readonly Address[], host: Host): Promise<number> {
  const present = new Set((await readPair(banSet)).map(addressOf));
  await changePair(banSet, banned, (set, address) => removeEntry(set, elementOf(address)));
  for (const { text } of banned) {
    host.terminal.note(`c3po: ${present.has(text) ? "removed the ban of" : "no ban of"} ${text}`);
  }
  return 0;
}

async function clear(host: Host): Promise<number> {
  const count = (await readPair(banSet)).length;
  const sets = FAMILIES.map(banSet);
  if (count > 0) await restoreSets(flushSets(sets));
  host.terminal.note(`c3po: removed ${count} ${count === 1 ? "ban" : "bans"}`);
  return 0;
}

/** As the user knows it: the kernel keeps a /64 by its first address. */
function addressOf({ family, element }: FamilyEntry): string {
  return family === 6 ? `${element}/64` : element;
}
