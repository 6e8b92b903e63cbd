import { type Address, parseCidr } from "../core/address.ts";
import { JSON_OPTION } from "../core/command.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { addEntry, removeEntry } from "../core/firewall/ipset.ts";
import { allowSet } from "../core/firewall/sets.ts";
import type { Host } from "../host/host.ts";
import { changePair, readPair } from "../host/sets.ts";
import type { Command } from "./command.ts";

/** `c3po allow`: who is never banned. */
export const allow: Command = {
  name: "allow",
  summary: "list, add and remove addresses that are never banned (root)",
  usage: ["allow [list]", "allow add CIDR…", "allow remove CIDR…"],
  subcommands: ["list", "add", "remove"],
  options: [JSON_OPTION],
  about: [
    "Acts at once, whether or not serve runs, and wins over a ban that is running. What is " +
    "written in serve's own --allow or configuration file comes back with the next start.",
  ],
  async run(args, host) {
    const [verb = "list", ...words] = args.operands;
    if (args.has("json") && verb !== "list") throw new Misuse("--json goes with allow list");
    switch (verb) {
      case "list":
        args.take(0, 1, "");
        return await list(args.has("json"), host);
      case "add":
        return await add(networks(words), host);
      case "remove":
        return await remove(networks(words), host);
      default:
        throw new Misuse(`unknown action "${verb}"`, { hint: "list, add or remove" });
    }
  },
};

function networks(words: readonly string[]): Address[] {
  if (words.length === 0) throw new Misuse("CIDR is missing");
  return words.map((word) => asArgument(() => parseCidr(word)));
}

async function list(json: boolean, host: Host): Promise<number> {
  const allowed = (await readPair(allowSet)).map(({ element }) => element);
  if (json) host.terminal.out(JSON.stringify(allowed) + "\n");
  else if (allowed.length === 0) host.terminal.note("c3po: nobody is allowed everything");
  else host.terminal.out(allowed.map((network) => `${network}\n`).join(""));
  return 0;
}

async function add(allowed: readonly Address[], host: Host): Promise<number> {
  await changePair(allowSet, allowed, (set, { text }) => addEntry(set, text));
  for (const { text } of allowed) host.terminal.note(`c3po: ${text} is never banned`);
  return 0;
}

async function remove(allowed: readonly Address[], host: Host): Promise<number> {
  const present = new Set((await readPair(allowSet)).map(({ element }) => element));
  await changePair(allowSet, allowed, (set, { text }) => removeEntry(set, text));
  for (const { text } of allowed) {
    host.terminal.note(
      `c3po: ${text} ${present.has(text) ? "can be banned again" : "was not allowed"}`,
    );
  }
  return 0;
}
