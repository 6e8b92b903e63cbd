import { type Address, parseCidr } from "../core/address.ts";
import { JSON_OPTION } from "../core/command.ts";
import { asArgument, Misuse } from "../core/errors.ts";
import { addEntry, removeEntry } from "../core/firewall/ipset.ts";
import { allowSet } from "../core/firewall/sets.ts";
import { stateFolder } from "../host/folders.ts";
import type { Host } from "../host/host.ts";
import { changePair, isServed, needRoot, readPair } from "../host/sets.ts";
import { StateFolder } from "../host/state.ts";
import type { Command } from "./command.ts";

/** `c3po allow`: who is never banned. */
export const allow: Command = {
  name: "allow",
  summary: "list, add and remove addresses that are never banned (root)",
  usage: ["allow [list]", "allow add CIDR…", "allow remove CIDR…"],
  subcommands: ["list", "add", "remove"],
  options: [JSON_OPTION],
  about: [
    "Acts at once, whether or not serve runs, wins over a ban that is running, and is remembered. " +
    "What serve's own --allow or configuration file holds comes back with the next start.",
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
  const allowed = await allowedNow(host);
  if (json) host.terminal.out(JSON.stringify(allowed) + "\n");
  else if (allowed.length === 0) host.terminal.note("c3po: nobody is allowed everything");
  else host.terminal.out(allowed.map((network) => `${network}\n`).join(""));
  return 0;
}

async function add(allowed: readonly Address[], host: Host): Promise<number> {
  await tell("allow", allowed, host);
  await changePair(allowSet, allowed, (set, { text }) => addEntry(set, text));
  for (const { text } of allowed) host.terminal.note(`c3po: ${text} is never banned`);
  return 0;
}

async function remove(allowed: readonly Address[], host: Host): Promise<number> {
  const present = new Set(await allowedNow(host));
  await tell("disallow", allowed, host);
  await changePair(allowSet, allowed, (set, { text }) => removeEntry(set, text));
  for (const { text } of allowed) {
    host.terminal.note(
      `c3po: ${text} ${present.has(text) ? "can be banned again" : "was not allowed"}`,
    );
  }
  return 0;
}

/** Whom the kernel allows; without `serve`, also those remembered for its next start. */
async function allowedNow(host: Host): Promise<string[]> {
  const present = new Set((await readPair(allowSet)).map(({ element }) => element));
  if (await isServed()) return [...present];
  const state = new StateFolder(stateFolder(host));
  for (const { text } of (await state.readMemories()).allowed) present.add(text);
  for (const change of (await state.readChanges()).changes) {
    if (change.do === "allow") present.add(change.address.text);
    if (change.do === "disallow") present.delete(change.address.text);
  }
  return [...present];
}

/** `serve` remembers it, now or when it starts. */
async function tell(
  what: "allow" | "disallow",
  allowed: readonly Address[],
  host: Host,
): Promise<void> {
  needRoot();
  const changes = allowed.map((address) => ({ do: what, address }));
  await new StateFolder(stateFolder(host)).tell(changes, host.clock.now());
}
