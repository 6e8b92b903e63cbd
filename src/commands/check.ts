import { JSON_OPTION, KEY_OPTION, TRAPS_OPTION } from "../core/command.ts";
import { allWork, formatFindings } from "../core/finding.ts";
import { checkHost } from "./check_host.ts";
import type { Command } from "./command.ts";

/** `c3po check`: what is wrong, and what to do about it. */
export const check: Command = {
  name: "check",
  summary: "find out what keeps you from logging in, and what to do about it",
  usage: ["check HOST [options]"],
  options: [KEY_OPTION, TRAPS_OPTION, JSON_OPTION],
  about: [
    "Looks at ssh, the key, the clocks, the way to the host and, without asking for anything, at " +
    "the login; if that works it compares the clocks exactly. The exit code is 1 if something " +
    "does not work.",
  ],
  async run(args, host) {
    const [name] = args.take(1, 1, "HOST");
    const findings = await checkHost(name!, args, host);
    const answer = { host: name, ok: allWork(findings), findings };
    host.terminal.out(
      args.has("json") ? `${JSON.stringify(answer)}\n` : formatFindings(findings),
    );
    return answer.ok ? 0 : 1;
  },
};
