import type { Command } from "../cli/command.ts";
import { asArgument, Failure, Misuse } from "../os/errors.ts";
import { type Host, isRoot, os } from "../os/host.ts";
import { canAsk } from "../os/secret.ts";
import { parseTrial, SERVER_OPTIONS } from "../server/options.ts";
import { settingVariable } from "./server_config.ts";

const TRIAL = "10m";

/** `c3po setup`: from nothing to a running server, step by step. */
export const setup: Command = {
  name: "setup",
  summary: "set this server up, step by step: key, check, client, trial, service",
  usage: ["setup [--yes] [--try D|off]", "setup --dry-run"],
  options: [
    { name: "yes", text: "answer every question with yes, for scripts" },
    {
      name: "try",
      value: "D|off",
      text: `how long the trial waits for a login (default ${TRIAL}); off: no trial`,
    },
    { name: "dry-run", text: "show every step and do nothing; needs no root" },
  ],
  about: [
    "Each step is shown before it is done, and skipped if it is done already. After Ctrl-C or an " +
    "error, run it again: it goes on where it was.",
    "key creates /etc/c3po/key. check looks for problems and stops at an error. client prints the " +
    "lines that give a client the key, while plain SSH still answers. trial opens C3PO's ports and " +
    "rolls everything back unless you log in through C3PO from another terminal. service enables and " +
    "starts c3po.service.",
    "Settings come from /etc/c3po/server.toml alone, as for the service. For a script: c3po key new, " +
    "give the key to a client, then c3po setup --yes --try off.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    const [yes, dryRun] = [args.has("yes"), args.has("dry-run")];
    const time = args.value("try") ?? TRIAL;
    const seconds = time === "off" ? null : asArgument(() => parseTrial(time));
    if (os !== "linux") {
      throw new Failure("the server runs on Linux only", {
        hint: "on a client: ssh -t HOST sudo c3po key show | c3po key add HOST",
      });
    }
    if (!dryRun && !isRoot()) {
      throw new Failure("setup needs root to change the firewall", {
        hint: "run it with sudo, or see the steps: c3po setup --dry-run",
      });
    }
    if (!dryRun && !yes && !canAsk()) {
      throw new Misuse("setup asks questions, and there is no terminal", {
        hint:
          "answer all of them with yes: c3po setup --yes; or see the steps: c3po setup --dry-run",
      });
    }
    const [{ walk }, { AGAIN, setupSteps }, { thisMachine }, { Questions }, { endSignal }] =
      await Promise.all([
        import("../server/setup/walk.ts"),
        import("../server/setup/steps.ts"),
        import("./setup/this_machine.ts"),
        import("../os/questions.ts"),
        import("../os/signals.ts"),
      ]);
    using end = endSignal();
    // The terminal has written ^C, or the cursor stands behind a question.
    end.signal.addEventListener("abort", () => host.terminal.out("\n"), { once: true });
    const machine = thisMachine(withoutSettings(host));
    const questions = yes || dryRun ? null : new Questions((text) => host.terminal.out(text));
    const { done, stoppedAt } = await walk(setupSteps(machine, seconds), {
      say: (line) => host.terminal.out(`${line}\n`),
      ask: async (question, signal) => await questions?.ask(question, signal) ?? null,
    }, { yes, dryRun, canLook: isRoot(), signal: end.signal });
    if (dryRun) return 0;
    const isServing = await machine.serving() !== null;
    if (stoppedAt !== null) {
      const stands = isServing ? "c3po serve is running" : "plain SSH answers as before";
      const so = done.length === 0 ? "" : ` (done: ${done.join(", ")})`;
      host.terminal.note(`c3po: stopped at ${stoppedAt}${so}; ${stands}; go on with: ${AGAIN}`);
      return 1;
    }
    host.terminal.out(isServing ? "done: log in with c3po ssh from now on\n" : "done\n");
    return 0;
  },
};

/** The service will have no settings from this environment, so nothing here goes by them. */
function withoutSettings(host: Host): Host {
  const variables = new Set(SERVER_OPTIONS.map(({ name }) => settingVariable(name)));
  const set = [...variables].filter((name) => host.env(name) !== undefined);
  if (set.length > 0) {
    host.terminal.note(
      `c3po: warning: not used, as the service will not have it: $${set.join(", $")}`,
    );
    host.terminal.note("c3po: hint: write such settings to /etc/c3po/server.toml");
  }
  const hidden = new Set([...variables, "C3PO_KEY_FILE", "C3PO_SECRET"]);
  return { ...host, env: (name) => hidden.has(name) ? undefined : host.env(name) };
}
