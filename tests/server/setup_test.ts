import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../src/os/errors.ts";
import type { Finding } from "../../src/os/finding.ts";
import type { ServiceState, SetupMachine, TrialNews } from "../../src/server/setup/machine.ts";
import { setupSteps } from "../../src/server/setup/steps.ts";
import { walk, type Walked, type WalkOptions } from "../../src/server/setup/walk.ts";

const OK: Finding = { grade: "ok", what: "firewall", found: "works" };
const WARN: Finding = {
  grade: "warn",
  what: "clock",
  found: "unknown whether it is synchronised, and this is a long line about it that goes on",
  todo: "run an NTP service such as chrony, or compare the clocks: c3po check HOST on a client",
};
const FAIL: Finding = { grade: "fail", what: "sshd", found: "does not listen", todo: "start it" };

/** A machine in memory, which keeps what was done to it. */
class Fake implements SetupMachine {
  /** What was changed, in order. */
  readonly changes: string[] = [];
  hasKey = false;
  pid: number | null = null;
  passed = false;
  state: ServiceState = "stopped";
  found: readonly Finding[] = [OK];
  address: readonly string[] = ["203.0.113.7"];
  sudo = true;
  /** What a trial does. */
  trial: (tell: (news: TrialNews) => void, signal: AbortSignal) => Promise<string | null> = (
    tell,
  ) => {
    tell({ kind: "open" });
    tell({ kind: "left", time: "10m" });
    tell({ kind: "warning", text: "a router is in front" });
    return Promise.resolve("198.51.100.9");
  };

  sshPort = () => Promise.resolve(22);
  key = () => Promise.resolve(this.hasKey ? "/etc/c3po/key is there" : null);
  keyFile = () => Promise.resolve("/etc/c3po/key");
  makeKey = () => {
    this.changes.push("key");
    this.hasKey = true;
    return Promise.resolve("created /etc/c3po/key");
  };
  findings: () => Promise<readonly Finding[]> = () => Promise.resolve(this.found);
  clientAddress = () => Promise.resolve(this.address);
  hasSudo = () => Promise.resolve(this.sudo);
  serving = () => Promise.resolve(this.pid);
  hasPassed = () => Promise.resolve(this.passed);
  runTrial = async (
    _seconds: number,
    tell: (news: TrialNews) => void,
    signal: AbortSignal,
  ): Promise<string | null> => {
    this.changes.push("trial");
    const address = await this.trial(tell, signal);
    this.passed = address !== null;
    return address;
  };
  service = () => Promise.resolve(this.state);
  startService = () => {
    this.changes.push("service");
    [this.state, this.pid] = ["running", 42];
    return Promise.resolve();
  };
  serveCommand = () => "/usr/local/bin/c3po serve";
}

/** What a person was shown and asked, and how it ended. */
interface Talked extends Walked {
  readonly lines: string[];
  readonly questions: string[];
}

/** Sets a machine up. @param answers to the questions, in order; yes to those after them */
async function setUp(
  machine: SetupMachine,
  answers: readonly (string | null)[] = [],
  options: Partial<WalkOptions> & { readonly seconds?: number | null } = {},
): Promise<Talked> {
  const lines: string[] = [];
  const questions: string[] = [];
  const { seconds = 600, ...rest } = options;
  const talk = {
    say: (line: string) => void lines.push(line),
    ask: (question: string) => {
      questions.push(question.trim());
      const at = questions.length - 1;
      return Promise.resolve(at < answers.length ? answers[at]! : "y");
    },
  };
  const signal = new AbortController().signal;
  const how = { yes: false, dryRun: false, canLook: true, signal, ...rest };
  return { ...await walk(setupSteps(machine, seconds), talk, how), lines, questions };
}

const STEPS = ["key", "check", "client", "trial", "service"];

Deno.test("on a machine with nothing set up each step is shown, asked for and done, in order", async () => {
  const machine = new Fake();
  const { done, stoppedAt, lines, questions } = await setUp(machine);
  assertEquals([done, stoppedAt], [STEPS, null]);
  assertEquals(machine.changes, ["key", "trial", "service"]);
  assertEquals(questions, [
    "Create it? [Y/n]",
    "Press Enter when a client has the key",
    "Start the trial? [Y/n]",
    "Start it? [Y/n]",
  ]);
  assertEquals(lines, [
    "1/5 key: create a random key in /etc/c3po/key, as c3po key new does",
    "    created /etc/c3po/key",
    "2/5 check: look for problems, as c3po check does; nothing is changed",
    "    no problem found",
    "3/5 client: give a client the key, while port 22 still answers plain ssh",
    "    On the client, install c3po (./install.sh in a checkout, or that of a",
    "    release), then fetch the key:",
    "      ssh -t 203.0.113.7 sudo c3po key show | c3po key add 203.0.113.7 --write",
    "    From then on log in with:",
    "      c3po ssh 203.0.113.7",
    "4/5 trial: hide port 22 and open C3PO's ports, as c3po serve --try 10m does",
    "    Within 10m, log in from another terminal and stay for a moment:",
    "      c3po ssh 203.0.113.7",
    "    Without that everything is rolled back. Open sessions are never cut.",
    "    C3PO's ports are open: log in now",
    "    waiting for a login, 10m left",
    "    warning: a router is in front",
    "    passed: a login from 198.51.100.9",
    "5/5 service: serve now and after each boot: systemctl enable --now c3po",
    "    c3po.service is enabled and running",
  ]);
  assertEquals(lines.filter((line) => line.length > 80), []);
});

Deno.test("what is already so is passed over in one line each, and nothing is asked", async () => {
  const machine = new Fake();
  Object.assign(machine, { hasKey: true, pid: 42, passed: true, state: "running" });
  const { done, lines, questions } = await setUp(machine);
  assertEquals([done, machine.changes, questions], [STEPS, [], []]);
  assertEquals(lines, [
    "1/5 key: /etc/c3po/key is there",
    "2/5 check: look for problems, as c3po check does; nothing is changed",
    "    no problem found",
    "3/5 client: port 22 is hidden already; for another client: c3po user add NAME",
    "4/5 trial: c3po serve is running, process 42",
    "5/5 service: c3po.service is enabled and running",
  ]);
});

for (
  const [at, name, changes] of [
    [0, "key", []],
    [1, "client", ["key"]],
    [2, "trial", ["key"]],
    [3, "service", ["key", "trial"]],
  ] as const
) {
  for (const [how, end] of [["no", "n"], ["the end of the input", null]] as const) {
    if (name === "client" && end !== null) continue; // it is no question of yes or no
    Deno.test(`${how} at ${name} stops there, and the next run goes on there`, async () => {
      const machine = new Fake();
      const before = await setUp(machine, [...Array(at).fill("y"), end]);
      assertEquals(before.stoppedAt, name);
      assertEquals(before.done, STEPS.slice(0, STEPS.indexOf(name)));
      assertEquals(machine.changes, [...changes]);
      const after = await setUp(machine);
      assertEquals([after.stoppedAt, after.done], [null, STEPS]);
      assertEquals(machine.changes, ["key", "trial", "service"], "nothing is done twice");
    });
  }
}

Deno.test("an answer that is neither yes nor no is asked for again", async () => {
  const { questions } = await setUp(new Fake(), ["perhaps", "Yes", "anything", "Y", ""]);
  assertEquals(questions.length, 5);
});

Deno.test("with --yes nothing is asked", async () => {
  const machine = new Fake();
  const { done, questions } = await setUp(machine, [], { yes: true });
  assertEquals([done, questions], [STEPS, []]);
});

Deno.test("a dry run shows every step, with what a client types, and does nothing", async () => {
  for (const canLook of [true, false]) {
    const machine = new Fake();
    machine.findings = () => Promise.reject(new Error("looked"));
    const { lines, questions, done } = await setUp(machine, [], { dryRun: true, canLook });
    assertEquals([machine.changes, questions, done], [[], [], []]);
    const heads = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(/[ :]/)[1]);
    assertEquals(heads, STEPS);
    assert(lines.some((line) => line.includes("key show | c3po key add")));
  }
});

Deno.test("an error of the check stops before anything is hidden, a warning does not", async () => {
  const machine = new Fake();
  machine.found = [OK, WARN, FAIL];
  const lines: string[] = [];
  const talk = { say: (line: string) => void lines.push(line), ask: () => Promise.resolve("y") };
  const how = { yes: true, dryRun: false, canLook: true, signal: new AbortController().signal };
  const error = await assertRejects(() => walk(setupSteps(machine, 600), talk, how), Failure);
  assertEquals(error.message, "the check failed: 1 problem");
  assert(error.hint!.endsWith("then go on with: c3po setup"), error.hint);
  assertEquals(lines.slice(3), [
    "    warn clock: unknown whether it is synchronised, and this is a long line",
    "      about it that goes on",
    "      -> run an NTP service such as chrony, or compare the clocks: c3po check",
    "      HOST on a client",
    "    fail sshd: does not listen",
    "      -> start it",
  ]);
  assertEquals(machine.changes, ["key"]);
  machine.found = [OK, WARN];
  assertEquals((await setUp(machine)).stoppedAt, null);
});

Deno.test("who stops during the check need not wait for it", async () => {
  const machine = new Fake();
  const stop = new AbortController();
  machine.findings = () => {
    queueMicrotask(() => stop.abort());
    return new Promise(() => {});
  };
  const { stoppedAt, done } = await setUp(machine, [], { yes: true, signal: stop.signal });
  assertEquals([stoppedAt, done], ["check", ["key"]]);
});

Deno.test("who stops during the trial has it rolled back, and stays before it", async () => {
  const machine = new Fake();
  const stop = new AbortController();
  let rolledBack = false;
  machine.trial = async (tell, signal) => {
    tell({ kind: "open" });
    stop.abort();
    await Promise.resolve();
    rolledBack = signal.aborted;
    return null;
  };
  const { stoppedAt, done } = await setUp(machine, [], { yes: true, signal: stop.signal });
  assertEquals([stoppedAt, done, rolledBack], ["trial", ["key", "check", "client"], true]);
});

Deno.test("a trial that fails ends the setup before the service", async () => {
  const machine = new Fake();
  machine.trial = () =>
    Promise.reject(new Failure("rolled back: no login through C3PO within 10m"));
  await assertRejects(() => setUp(machine), Failure, "rolled back");
  assertEquals(machine.changes, ["key", "trial"]);
});

Deno.test("--try off skips the trial", async () => {
  const machine = new Fake();
  const { lines } = await setUp(machine, [], { yes: true, seconds: null });
  assert(lines.includes("4/5 trial: skipped, as --try off says"), lines.join("\n"));
  assertEquals(machine.changes, ["key", "service"]);
});

Deno.test("without systemd the step of the service says what to run", async () => {
  const machine = new Fake();
  machine.state = "none";
  const { lines, done } = await setUp(machine);
  assertEquals(
    lines.at(-1),
    "5/5 service: there is no systemd here; have the init system run: /usr/local/bin/c3po serve",
  );
  assertEquals([done, machine.changes], [STEPS, ["key", "trial"]]);
});

Deno.test("a service that cannot be started is an error that says what to do", async () => {
  const absent = new Fake();
  absent.state = "unknown";
  const missing = await assertRejects(() => setUp(absent), Failure, "no c3po.service");
  assertEquals(missing.hint, "install c3po with install.sh, or run: /usr/local/bin/c3po serve");
  const taken = new Fake();
  taken.pid = 7;
  const running = await assertRejects(() => setUp(taken), Failure, "but not as the service");
  assertEquals(running.hint, "stop it (kill 7), then go on with: c3po setup");
  assertEquals(taken.changes, ["key"]);
});

Deno.test("what a client types has the port of sshd, and sudo where there is one", async () => {
  const machine = new Fake();
  machine.address = ["-p", "2222", "HOST"];
  machine.sudo = false;
  const { lines } = await setUp(machine, [], { dryRun: true });
  assert(lines.includes("      ssh -t -p 2222 HOST c3po key show | c3po key add HOST --write"));
  assert(lines.includes("    HOST is the name or address of this server."));
});
