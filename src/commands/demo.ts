import { asArgument, Failure, Misuse } from "../os/errors.ts";
import { parseAddress } from "../os/address.ts";
import { parsePort, parsePortList } from "../schedule/ports.ts";
import { type Host, isRoot, os } from "../os/host.ts";
import { SERVER_OPTIONS } from "../server/options.ts";
import type { Command } from "../cli/command.ts";
import { settingVariable } from "./server_config.ts";

/** `c3po demo`: all of it at work, where nothing can go wrong. */
export const demo: Command = {
  name: "demo",
  summary: "show everything at work in private network namespaces (root, Linux)",
  usage: ["demo [--fast]", "demo probe ADDR PORTS", "demo answer PORT"],
  options: [
    {
      name: "fast",
      text: "start just before a minute ends, without pauses for reading",
    },
  ],
  subcommands: ["probe", "answer"],
  about: [
    "A server, a user and an attacker: a scan, a login, a ban, a change of minute, in less than " +
    "two minutes. All commands and their output are real. Nothing outside is touched, and " +
    "nothing is left behind, even after Ctrl-C.",
    "The demo uses probe in place of nmap and answer in place of sshd if they are missing: probe " +
    "connects to ports, answer accepts connections on one.",
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
      throw new Failure("the demo needs root to create network namespaces", {
        hint: "run it with sudo; nothing outside of them is touched",
      });
    }
    const [story, { endSignal }] = await Promise.all([
      import("../demo/demo.ts"),
      import("../os/signals.ts"),
    ]);
    using end = endSignal();
    const settings = ["C3PO_SECRET", ...SERVER_OPTIONS.map(({ name }) => settingVariable(name))];
    await story.demo(host, args.has("fast"), settings, end.signal);
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
    import("../os/signals.ts"),
  ]);
  using end = endSignal();
  await parts.answer(number, host, end.signal);
  return 0;
}
