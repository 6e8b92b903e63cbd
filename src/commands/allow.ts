import { StateFiles } from "../bans/state_files.ts";
import { type Command, JSON_OPTION } from "../cli/command.ts";
import type { Firewall } from "../firewall/firewall.ts";
import { type Address, parseCidr } from "../os/address.ts";
import { asArgument, Failure, Misuse } from "../os/errors.ts";
import { type Host, stateFolder } from "../os/host.ts";
import { needRoot } from "../os/root.ts";
import { chosenFirewall } from "./server_config.ts";

/** `c3po allow`: who is never banned. */
export const allow: Command = {
  name: "allow",
  summary: "list, add and remove addresses that are never banned (root)",
  usage: ["allow [list]", "allow add CIDR…", "allow remove CIDR…"],
  subcommands: ["list", "add", "remove"],
  options: [JSON_OPTION],
  about: [
    "Takes effect at once, whether or not serve runs, overrides active bans, and is remembered. " +
    "Addresses from --allow or the configuration file of serve come back at its next start.",
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

/** The allow list of the kernel, and what `serve` remembers or is to learn. */
interface Books {
  readonly firewall: Firewall;
  readonly files: StateFiles;
}

async function withBooks<T>(host: Host, action: (books: Books) => Promise<T>): Promise<T> {
  needRoot();
  await using firewall = await chosenFirewall(host);
  return await action({ firewall, files: new StateFiles(stateFolder(host)) });
}

async function list(json: boolean, host: Host): Promise<number> {
  const allowed = await withBooks(host, allowedNow);
  if (json) host.terminal.out(JSON.stringify(allowed) + "\n");
  else if (allowed.length === 0) host.terminal.note("c3po: the allow list is empty");
  else host.terminal.out(allowed.map((network) => `${network}\n`).join(""));
  return 0;
}

async function add(allowed: readonly Address[], host: Host): Promise<number> {
  return await withBooks(host, async (books) => {
    // The kernel first: what it refuses is not to be remembered, or no start would be without it.
    const present = new Set((await books.firewall.allowed()).map(({ text }) => text));
    const [refusal] = await books.firewall.allow(allowed);
    if (refusal !== undefined) {
      await books.firewall.disallow(allowed.filter(({ text }) => !present.has(text)));
      throw new Failure(`the kernel refused to allow ${refusal.address.text}: ${refusal.reason}`);
    }
    await enqueue("allow", allowed, books, host);
    for (const { text } of allowed) host.terminal.note(`c3po: ${text} is never banned`);
    return 0;
  });
}

async function remove(allowed: readonly Address[], host: Host): Promise<number> {
  return await withBooks(host, async (books) => {
    const present = new Set(await allowedNow(books));
    await enqueue("disallow", allowed, books, host);
    await books.firewall.disallow(allowed);
    for (const { text } of allowed) {
      const what = present.has(text) ? "can be banned again" : "was not on the allow list";
      host.terminal.note(`c3po: ${text} ${what}`);
    }
    return 0;
  });
}

/** Whom the kernel allows; without `serve`, also those remembered for its next start. */
async function allowedNow({ firewall, files }: Books): Promise<string[]> {
  const present = new Set((await firewall.allowed()).map(({ text }) => text));
  if (await firewall.isLoaded()) return [...present];
  for (const { text } of (await files.readRecords()).allowed) present.add(text);
  for (const command of (await files.readCommands()).commands) {
    if (command.do === "allow") present.add(command.address.text);
    if (command.do === "disallow") present.delete(command.address.text);
  }
  return [...present];
}

/** `serve` remembers it, now or when it starts. */
async function enqueue(
  what: "allow" | "disallow",
  networks: readonly Address[],
  { files }: Books,
  host: Host,
): Promise<void> {
  await files.enqueue(networks.map((address) => ({ do: what, address })), host.clock.now());
}
