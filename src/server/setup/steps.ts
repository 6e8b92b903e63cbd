import { formatDuration } from "../../os/duration.ts";
import { Failure } from "../../os/errors.ts";
import type { Finding } from "../../os/finding.ts";
import { shellCommand } from "../../os/shell.ts";
import { wrap } from "../../os/wrap.ts";
import type { SetupMachine, TrialNews } from "./machine.ts";
import { orStop } from "./stop.ts";
import type { Step } from "./step.ts";

/** How to go on after an error or a stop. */
export const AGAIN = "c3po setup";

/** Columns of a line, beside the indents. */
const WIDTH = 72;

/**
 * The steps of setting up a server, in their order: a client has the key before plain SSH is hidden, and
 * a login has worked before anything starts at boot.
 *
 * @param seconds how long the trial waits for a login; null for none
 */
export function setupSteps(machine: SetupMachine, seconds: number | null): readonly Step[] {
  return [
    keyStep(machine),
    checkStep(machine),
    clientStep(machine),
    trialStep(machine, seconds),
    serviceStep(machine),
  ];
}

function keyStep(machine: SetupMachine): Step {
  return {
    name: "key",
    plan: async () => `create a random key in ${await machine.keyFile()}, as c3po key new does`,
    already: () => machine.key(),
    question: { text: "Create it?", isYesNo: true },
    run: () => machine.makeKey(),
  };
}

function checkStep(machine: SetupMachine): Step {
  return {
    name: "check",
    plan: () => Promise.resolve("look for problems, as c3po check does; nothing is changed"),
    already: () => Promise.resolve(null),
    run: async (tell, signal) => {
      const findings = await orStop(machine.findings(), signal);
      if (findings === null) return null;
      for (const finding of findings) {
        if (finding.grade !== "ok") linesOf(finding).forEach(tell);
      }
      const failures = count(findings, "fail");
      if (failures > 0) {
        throw new Failure(`the check failed: ${counted(failures, "problem")}`, {
          hint:
            `fix what it says above (an option of serve is a setting in /etc/c3po/server.toml), ` +
            `then go on with: ${AGAIN}`,
        });
      }
      const warnings = count(findings, "warn");
      return warnings === 0 ? "no problem found" : `no error, ${counted(warnings, "warning")}`;
    },
  };
}

/** What was found, in lines that fit a terminal. */
function linesOf({ grade, what, found, todo }: Finding): string[] {
  const lines = wrap(`${grade} ${what}: ${found}`, WIDTH);
  const next = todo === undefined ? [] : wrap(`-> ${todo}`, WIDTH);
  return [...lines, ...next].map((line) => line.startsWith(grade) ? line : `  ${line}`);
}

function count(findings: readonly Finding[], grade: Finding["grade"]): number {
  return findings.filter((each) => each.grade === grade).length;
}

function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function clientStep(machine: SetupMachine): Step {
  return {
    name: "client",
    plan: async () =>
      `give a client the key, while port ${await machine.sshPort()} still answers plain ssh`,
    already: async () => {
      if (await machine.serving() !== null) {
        return `port ${await machine.sshPort()} is hidden already; for another client: ` +
          "c3po user add NAME";
      }
      return await machine.hasPassed() ? "one has logged in through C3PO" : null;
    },
    text: async () => await clientLines(machine),
    question: { text: "Press Enter when a client has the key", isYesNo: false },
    run: () => Promise.resolve(""),
  };
}

/** What is typed on a client, and where it is from. */
async function clientLines(machine: SetupMachine): Promise<string[]> {
  const words = await machine.clientAddress();
  const host = words.at(-1)!;
  const remote = await machine.hasSudo() ? ["sudo", "c3po"] : ["c3po"];
  const fetch = ["ssh", "-t", ...words, ...remote, "key", "show"];
  return [
    "On the client, install c3po (./install.sh in a checkout, or that of a",
    "release), then fetch the key:",
    `  ${shellCommand(fetch)} | ${shellCommand(["c3po", "key", "add", host, "--write"])}`,
    "From then on log in with:",
    `  ${shellCommand(["c3po", "ssh", host])}`,
    ...host === HOST ? [`${HOST} is the name or address of this server.`] : [],
  ];
}

/** Stands for a name that is not known here. */
export const HOST = "HOST";

function trialStep(machine: SetupMachine, seconds: number | null): Step {
  const time = seconds === null ? "" : formatDuration(seconds);
  return {
    name: "trial",
    plan: async () =>
      seconds === null ? "skipped, as --try off says" : `hide port ${await machine
        .sshPort()} and open C3PO's ports, as c3po serve --try ${time} ` +
        "does",
    already: async () => {
      if (seconds === null) return "skipped, as --try off says";
      const pid = await machine.serving();
      if (pid !== null) return `c3po serve is running, process ${pid}`;
      return await machine.hasPassed() ? "passed before, with this key and these settings" : null;
    },
    text: async () => {
      const words = await machine.clientAddress();
      return [
        `Within ${time}, log in from another terminal and stay for a moment:`,
        `  ${shellCommand(["c3po", "ssh", words.at(-1)!])}`,
        "Without that everything is rolled back. Open sessions are never cut.",
      ];
    },
    question: { text: "Start the trial?", isYesNo: true },
    run: async (tell, signal) => {
      const told = (news: TrialNews): void => tell(sentence(news));
      const rollingBack = (): void => tell("rolling back");
      signal.addEventListener("abort", rollingBack, { once: true });
      const address = await machine.runTrial(seconds!, told, signal);
      signal.removeEventListener("abort", rollingBack);
      return address === null ? null : `passed: a login from ${address}`;
    },
  };
}

function sentence(news: TrialNews): string {
  if (news.kind === "open") return "C3PO's ports are open: log in now";
  return news.kind === "left" ? `waiting for a login, ${news.time} left` : `warning: ${news.text}`;
}

const ENABLE = "systemctl enable --now c3po";

function serviceStep(machine: SetupMachine): Step {
  return {
    name: "service",
    plan: async () =>
      await machine.service() === "none"
        ? "there is no systemd here"
        : `serve now and after each boot: ${ENABLE}`,
    already: async () => {
      const state = await machine.service();
      if (state === "running") return "c3po.service is enabled and running";
      const pid = await machine.serving();
      if (state !== "none") {
        if (pid === null) return null;
        throw new Failure(`c3po serve is running, process ${pid}, but not as the service`, {
          hint: `stop it (kill ${pid}), then go on with: ${AGAIN}`,
        });
      }
      return pid === null
        ? `there is no systemd here; have the init system run: ${machine.serveCommand()}`
        : `there is no systemd here; c3po serve is running, process ${pid}`;
    },
    question: { text: "Start it?", isYesNo: true },
    run: async () => {
      if (await machine.service() === "unknown") {
        throw new Failure("there is no c3po.service on this machine", {
          hint: `install c3po with install.sh, or run: ${machine.serveCommand()}`,
        });
      }
      await machine.startService();
      return "c3po.service is enabled and running";
    },
  };
}
