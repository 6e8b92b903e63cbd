import { JSON_OPTION, KEY_OPTION, TRAPS_OPTION } from "../core/command.ts";
import { allWork, formatFindings } from "../core/finding.ts";
import { Misuse } from "../core/errors.ts";
import { checkHost } from "./check_host.ts";
import { checkServer } from "./check_server.ts";
import type { Command } from "./command.ts";

/** `c3po check`: what is wrong, and what to do about it. */
export const check: Command = {
  name: "check",
  summary: "find out what is wrong with this server, or with the way to HOST",
  usage: ["check [options]", "check HOST [options]"],
  options: [KEY_OPTION, TRAPS_OPTION, JSON_OPTION],
  about: [
    "Without HOST looks at this machine as a server: tools, kernel, clock, sshd, other firewalls, " +
    "and what could shut you out. Run it as root; it changes nothing.",
    "With HOST looks at ssh, the key, the clocks, the way to the host and, without asking for anything, at " +
    "the login; if that works it compares the clocks exactly. The exit code is 1 if something " +
    "does not work.",
  ],
  async run(args, host) {
    const [name] = args.take(0, 1, "HOST");
    if (name === undefined && args.value("traps") !== undefined) {
      throw new Misuse("--traps goes with check HOST");
    }
    const findings = name === undefined
      ? await checkServer(args, host)
      : await checkHost(name, args, host);
    const answer = { host: name ?? null, ok: allWork(findings), findings };
    host.terminal.out(
      args.has("json") ? `${JSON.stringify(answer)}\n` : formatFindings(findings),
    );
    return answer.ok ? 0 : 1;
  },
};
