import { type Address, FAMILIES, type Family, parseBanned } from "../core/address.ts";
import type { Arguments } from "../core/arguments.ts";
import { type Change, forgivenBy } from "../core/changes.ts";
import { JSON_OPTION } from "../core/command.ts";
import { parseBanTime } from "../core/config.ts";
import { formatDuration } from "../core/duration.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { addEntry, elementOf, flushSets, removeEntry } from "../core/firewall/ipset.ts";
import { banSet } from "../core/firewall/sets.ts";
import { columns } from "../core/help.ts";
import { stateFolder } from "../host/folders.ts";
import type { Host } from "../host/host.ts";
import { restoreSets, setNames } from "../host/ipset.ts";
import { changePair, type FamilyEntry, isServed, needRoot, readPair } from "../host/sets.ts";
import { StateFolder } from "../host/state.ts";
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
    "open stays open: a ban shuts out new connections. Bans of traps grow with each repeat; to " +
    "remove a ban is to forgive what was done before.",
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

/** A ban as it is shown. */
interface Row {
  readonly address: string;
  readonly family: Family;
  /** Seconds it has left; null if it stays. */
  readonly seconds: number | null;
  readonly offences: number;
  readonly lastPort: number | null;
}

async function list(args: Arguments, host: Host): Promise<number> {
  const rows = await bansNow(host);
  if (args.has("json")) {
    host.terminal.out(JSON.stringify(rows) + "\n");
    return 0;
  }
  if (rows.length === 0) {
    host.terminal.note("c3po: nobody is banned");
    return 0;
  }
  const lines = rows.map(({ address, seconds, offences, lastPort }) => [
    address,
    seconds === null ? "for ever" : formatDuration(seconds),
    String(offences),
    lastPort === null ? "-" : String(lastPort),
  ]);
  host.terminal.out(columns([["ADDRESS", "LEFT", "OFFENCES", "LAST TRAP"], ...lines]));
  return 0;
}

/** The bans of the kernel; without `serve`, also those that wait to be restored. */
async function bansNow(host: Host): Promise<Row[]> {
  const state = new StateFolder(stateFolder(host));
  const present = await readPair(banSet);
  const now = host.clock.now();
  const { offenders } = await state.readMemories();
  const { changes } = await state.readChanges();
  const isForgiven = forgivenBy(changes);
  const known = new Map(
    offenders.filter(({ address }) => !isForgiven(address)).map((each) => [each.address, each]),
  );
  const bans = new Map<string, Omit<Row, "offences" | "lastPort">>();
  if (!await isServed()) {
    for await (const saved of state.readBans(now)) {
      for (const { unit: { text: address, family }, seconds } of saved) {
        if (!isForgiven(address)) bans.set(address, { address, family, seconds });
      }
    }
  }
  for (const entry of present) {
    const { family, seconds } = entry;
    bans.set(addressOf(entry), { address: addressOf(entry), family, seconds });
  }
  return [...bans.values()].map((each) => {
    const offender = known.get(each.address);
    return {
      ...each,
      offences: offender?.offences ?? 0,
      lastPort: offender?.lastPort ?? null,
    };
  });
}

async function add(banned: readonly Address[], time: string, host: Host): Promise<number> {
  const seconds = asArgument(() => parseBanTime(time));
  const until = host.clock.now() + seconds * 1000;
  await tell(banned.map((address) => ({ do: "ban", address, until })), host);
  await changePair(banSet, banned, (set, address) => addEntry(set, elementOf(address), seconds));
  for (const { text } of banned) {
    host.terminal.note(`c3po: banned ${text} for ${formatDuration(seconds)}`);
  }
  return 0;
}

async function remove(banned: readonly Address[], host: Host): Promise<number> {
  const present = new Set((await bansNow(host)).map(({ address }) => address));
  await tell(banned.map((address) => ({ do: "forgive", address })), host);
  await changePair(banSet, banned, (set, address) => removeEntry(set, elementOf(address)));
  for (const { text } of banned) {
    host.terminal.note(`c3po: ${present.has(text) ? "removed the ban of" : "no ban of"} ${text}`);
  }
  return 0;
}

async function clear(host: Host): Promise<number> {
  const count = (await bansNow(host)).length;
  await tell([{ do: "forgive all" }], host);
  const present = await setNames();
  await restoreSets(flushSets(FAMILIES.map(banSet).filter(({ name }) => present.includes(name))));
  host.terminal.note(`c3po: removed ${count} ${count === 1 ? "ban" : "bans"}`);
  return 0;
}

/** Before the kernel is changed, so that `serve` does not hold against somebody what is forgiven. */
async function tell(changes: readonly Change[], host: Host): Promise<void> {
  needRoot();
  await new StateFolder(stateFolder(host)).tell(changes, host.clock.now());
}

/** As the user knows it: the kernel keeps a /64 by its first address. */
function addressOf({ family, element }: FamilyEntry): string {
  return family === 6 ? `${element}/64` : element;
}
