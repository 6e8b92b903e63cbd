import type { PendingCommand } from "../bans/pending_commands.ts";
import type { Arguments } from "../cli/arguments.ts";
import { type Command, JSON_OPTION } from "../cli/command.ts";
import { columns } from "../cli/help.ts";
import {
  type Address,
  isNetwork,
  networksOf,
  parseBanned,
  parseBannedNetwork,
} from "../os/address.ts";
import { isBannable } from "../os/address_scope.ts";
import { formatDuration } from "../os/duration.ts";
import { asArgument, Failure, Misuse } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import { parseBanTime } from "../server/options.ts";
import { bansNow, type Books, withBooks } from "./ban/books.ts";

const DEFAULT_BAN = "15m";

/** `c3po ban`: who is shut out. */
export const ban: Command = {
  name: "ban",
  summary: "list, add and remove bans, directly in the kernel (root)",
  usage: ["ban [list]", "ban add ADDR… [--for D]", "ban remove ADDR… [--fleet]", "ban clear"],
  subcommands: ["list", "add", "remove", "clear"],
  options: [
    { name: "for", value: "D", text: `how long, as in 90s, 1h30m or 7d (default ${DEFAULT_BAN})` },
    { name: "fleet", text: "with remove: have the other servers of the fleet end it as well" },
    JSON_OPTION,
  ],
  about: [
    "Bans take effect at once, whether or not serve runs. A ban of an IPv6 address covers its /64. " +
    "A ban blocks new connections; established ones continue. Each repeat makes a trap's ban " +
    "longer; removing a ban also clears the count.",
    "Four banned /64 of an IPv6 /56 within an hour ban the whole /56; four such /56 of a /48, or 64 of its " +
    "/64, the whole /48. Addresses that are allowed or have logged in are not affected. " +
    "ban remove ADDR also removes the ban of a network around ADDR; it takes /56 and /48 networks too.",
    "ORIGIN says what a ban is for: a trap here, a ban by hand, or the report of another server of the " +
    "fleet. After ban remove, reports of others do not ban that address here for 15 minutes.",
  ],
  async run(args, host) {
    const [verb = "list", ...words] = args.operands;
    if (args.has("json") && verb !== "list") throw new Misuse("--json goes with ban list");
    if (args.value("for") !== undefined && verb !== "add") {
      throw new Misuse("--for goes with ban add");
    }
    if (args.has("fleet") && verb !== "remove") throw new Misuse("--fleet goes with ban remove");
    switch (verb) {
      case "list":
        args.take(0, 1, "");
        return await list(args, host);
      case "add":
        return await add(addresses(words, parseBanned), args.value("for") ?? DEFAULT_BAN, host);
      case "remove":
        return await remove(addresses(words, parseBannedNetwork), args.has("fleet"), host);
      case "clear":
        args.take(1, 1, "");
        return await clear(host);
      default:
        throw new Misuse(`unknown action "${verb}"`, { hint: "list, add, remove or clear" });
    }
  },
};

function addresses(words: readonly string[], parse: (word: string) => Address): Address[] {
  if (words.length === 0) throw new Misuse("ADDR is missing");
  return words.map((word) => asArgument(() => parse(word)));
}

async function list(args: Arguments, host: Host): Promise<number> {
  const rows = await withBooks(host, (books) => bansNow(books, host));
  if (args.has("json")) {
    host.terminal.out(JSON.stringify(rows) + "\n");
    return 0;
  }
  if (rows.length === 0) {
    host.terminal.note("c3po: the ban list is empty");
    return 0;
  }
  const lines = rows.map(({ address, seconds, offences, lastPort, origin }) => [
    address,
    seconds === null ? "forever" : formatDuration(seconds),
    String(offences),
    lastPort === null ? "-" : String(lastPort),
    origin,
  ]);
  host.terminal.out(columns([["ADDRESS", "LEFT", "OFFENCES", "LAST TRAP", "ORIGIN"], ...lines]));
  return 0;
}

async function add(banned: readonly Address[], time: string, host: Host): Promise<number> {
  const seconds = asArgument(() => parseBanTime(time));
  const until = host.clock.now() + seconds * 1000;
  for (const address of banned) {
    if (!isBannable(address)) {
      throw new Misuse(`"${address.text}" cannot be banned`);
    }
  }
  return await withBooks(host, async (books) => {
    await enqueue(banned.map((address) => ({ do: "ban", address, until })), books, host);
    const refusals = await books.firewall.ban(banned.map((address) => ({ address, seconds })));
    const refused = new Set(refusals.map(({ address }) => address.text));
    for (const { text } of banned.filter(({ text }) => !refused.has(text))) {
      host.terminal.note(`c3po: banned ${text} for ${formatDuration(seconds)}`);
    }
    if (refusals.length === 0) return 0;
    const [{ address, reason }] = refusals as [(typeof refusals)[number]];
    throw new Failure(`the kernel refused to ban ${address.text}: ${reason}`);
  });
}

async function remove(
  banned: readonly Address[],
  isShared: boolean,
  host: Host,
): Promise<number> {
  const network = banned.find(isNetwork);
  if (isShared && network !== undefined) {
    throw new Misuse(`the fleet shares no ban of a network such as "${network.text}"`);
  }
  return await withBooks(host, async (books) => {
    const now = await bansNow(books, host);
    const present = new Set(now.map(({ address }) => address));
    // Whoever types an address wants it let in, whichever ban it is that shuts it out.
    const around = banned.map((address) =>
      networksOf(address).filter(({ text }) => present.has(text))
    );
    const forgive = banned.map((address) =>
      ({ do: "forgive", address, ...isShared ? { isShared } : {} }) as const
    );
    const wider = around.flat().map((address) => ({ do: "forgive", address }) as const);
    await enqueue([...forgive, ...wider], books, host);
    await books.firewall.unban([...banned, ...around.flat()]);
    for (const [at, { text }] of banned.entries()) {
      if (present.has(text)) host.terminal.note(`c3po: removed the ban of ${text}`);
      for (const { text: network } of around[at]!) {
        host.terminal.note(`c3po: removed the ban of ${network}, which shut out ${text}`);
      }
      if (!present.has(text) && around[at]!.length === 0) {
        host.terminal.note(`c3po: ${text} is not banned`);
      }
    }
    return 0;
  });
}

async function clear(host: Host): Promise<number> {
  return await withBooks(host, async (books) => {
    const { length } = await bansNow(books, host);
    await enqueue([{ do: "forgive all" }], books, host);
    await books.firewall.unbanAll();
    host.terminal.note(`c3po: removed ${length} ${length === 1 ? "ban" : "bans"}`);
    return 0;
  });
}

/** Before the kernel is changed, so that `serve` does not hold against an address what is forgiven. */
async function enqueue(
  commands: readonly PendingCommand[],
  { files }: Books,
  host: Host,
): Promise<void> {
  await files.enqueue(commands, host.clock.now());
}
