import { asArgument, Failure, Misuse } from "../core/errors.ts";
import { parseAddress } from "../core/address.ts";
import { parsePort, parsePortList } from "../core/ports.ts";
import { type Host, isRoot, os } from "../host/host.ts";
import type { Command } from "./command.ts";

/** `c3po demo`: all of it at work, where nothing can go wrong. */
export const demo: Command = {
  name: "demo",
  summary: "show all of it at work, in private network namespaces of this machine (root, Linux)",
  usage: ["demo [--fast]", "demo probe ADDR PORTS", "demo answer PORT"],
  options: [
    {
      name: "fast",
      text: "begin just before the end of a minute, without pauses for reading",
    },
  ],
  subcommands: ["probe", "answer"],
  about: [
    "A server, a user and an attacker: a scan, a login, a ban, a change of minute, in less than " +
    "two minutes. Every command is run and every answer is real. Nothing outside is touched, and " +
    "all is gone afterwards, also after Ctrl-C.",
    "probe and answer are its stand-ins where nmap or sshd is missing: one connects to ports, the " +
    "other answers at one.",
  ],
  async run(args, host) {
    const [verb, ...words] = args.operands;
    if (verb !== undefined && args.has("fast")) throw new Misuse("--fast goes with demo alone");
    if (verb === "probe") return await probe(words, host);
    if (verb === "answer") return await answer(words, host);
    if (verb !== undefined) {
      throw new Misuse(`unknown action "${verb}"`, { hint: "none, probe or answer" });
    }
    if (os !== "linux") throw new Failure("the demo needs Linux and its network namespaces");
    if (!isRoot()) {
      throw new Failure("the demo needs root to make network namespaces", {
        hint: "run it with sudo; nothing outside of them is touched",
      });
    }
    const [story, { endSignal }] = await Promise.all([
      import("../demo/demo.ts"),
      import("../host/signals.ts"),
    ]);
    using end = endSignal();
    await story.demo(host, args.has("fast"), end.signal);
    return 0;
  },
};

async function probe(words: readonly string[], host: Host): Promise<number> {
  const [address, ports, more] = words;
  if (address === undefined || ports === undefined || more !== undefined) {
    throw new Misuse("probe takes an address and ports");
  }
  const { text } = asArgument(() => parseAddress(address));
  const list = asArgument(() => parsePortList(ports));
  const parts = await import("../demo/parts.ts");
  await parts.probe(text, list, host);
  return 0;
}

async function answer(words: readonly string[], host: Host): Promise<number> {
  const [port, more] = words;
  if (port === undefined || more !== undefined) throw new Misuse("answer takes a port");
  const number = asArgument(() => parsePort(port));
  const [parts, { endSignal }] = await Promise.all([
    import("../demo/parts.ts"),
    import("../host/signals.ts"),
  ]);
  using end = endSignal();
  await parts.answer(number, host, end.signal);
  return 0;
}
