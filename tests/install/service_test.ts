import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, must, run, type RunResult } from "../kernel/lab.ts";

const UNIT = await Deno.readTextFile(join(CHECKOUT, "c3po.service"));

/** What `systemd-analyze` says of a unit file whose program is there. */
async function analyze(unit: string, args: string[]): Promise<RunResult> {
  const root = await Deno.makeTempDir({ prefix: "c3po-unit-" });
  try {
    const program = join(root, "usr/local/bin/c3po");
    await Deno.mkdir(dirname(program), { recursive: true });
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
    const file = join(root, "c3po.service");
    await Deno.writeTextFile(file, unit.replaceAll("/usr/local/bin/c3po", program));
    return await run("systemd-analyze", [...args, file]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function setting(name: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!);
}

/** Runs the command of the unit's ExecStop= while systemd has a job for it. @returns how it ended */
async function stopCommand(job: string): Promise<{ code: number; ended: number | null }> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-stop-" });
  const waits = 'trap "exit 7" USR2; echo ready; while :; do sleep 0.05; done';
  const main = new Deno.Command("sh", { args: ["-c", waits], stdout: "piped" }).spawn();
  try {
    await main.stdout.getReader().read(); // then it listens
    const systemctl =
      `#!/bin/sh\n[ "$*" = "list-jobs --no-legend c3po.service" ] && echo "${job}"\n`;
    await Deno.writeTextFile(join(folder, "systemctl"), systemctl, { mode: 0o755 });
    const [, patience, script] = /^\+-timeout (\S+) sh -c '(.*)'$/.exec(setting("ExecStop")[0]!)!;
    const env = {
      PATH: `${folder}:${Deno.env.get("PATH")}`,
      MAINPID: String(main.pid),
    };
    const args = [patience!, "sh", "-c", script!.replaceAll("%n", "c3po.service")];
    const { code } = await new Deno.Command("timeout", { args, env }).output();
    const state = await run("ps", ["-p", String(main.pid), "-o", "stat="]);
    const isThere = /^[^Z]/.test(state.stdout);
    return { code, ended: isThere ? null : (await main.status).code };
  } finally {
    try {
      main.kill("SIGKILL");
    } catch { /* it has ended */ }
    await main.status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** The unit as the systemd of this machine knows it: what came with 254 others go without. */
const KNOWN_UNIT =
  Number(/^systemd (\d+)/.exec(await must("systemd-analyze", ["--version"]))![1]) >= 254
    ? UNIT
    : UNIT.replace(/^(?:RestartSteps|RestartMaxDelaySec)=.*\n/gm, "");

Deno.test("systemd has nothing to say against the unit file", async () => {
  const verify = ["verify", "--man=no", "--recursive-errors=no"];
  assertEquals(await analyze(KNOWN_UNIT, verify), { code: 0, stdout: "", stderr: "" });
});

Deno.test("systemd does find a mistake, where there is one", async () => {
  const wrong = UNIT.replace("ProtectHome=yes", "ProtectHome=perhaps");
  const { stderr } = await analyze(wrong, ["verify", "--man=no", "--recursive-errors=no"]);
  assertMatch(stderr, /protect ?home/i); // some versions name the setting, others what it is for
});

Deno.test("a restart of the service hands over, a stop does not", async () => {
  const restart = "7 c3po.service restart running";
  assertEquals(await stopCommand(restart), { code: 0, ended: 7 });
  for (const job of ["7 c3po.service stop running", ""]) {
    assertEquals(await stopCommand(job), { code: 0, ended: null });
  }
});

Deno.test("the service is exposed by at most 2.5 of 10, as systemd counts", async () => {
  const security = ["security", "--offline=true", "--no-pager"];
  const { stdout } = await analyze(UNIT, security);
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
  assert(Number(exposure) <= 2.5, `${exposure}\n${stdout}`);
  // The same as a threshold, in tenths, that systemd itself enforces.
  assertEquals((await analyze(UNIT, [...security, "--threshold=25"])).code, 0);
});

Deno.test("the service has the capabilities that rules, sets and its lock need, and no others", () => {
  assertEquals(setting("CapabilityBoundingSet"), [
    "CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE",
  ]);
});

Deno.test("a service whose start the check finds fault with, or that takes long over it, starts all the same", () => {
  // systemd gives up a start whose command takes too long, whatever else it forgives.
  assertEquals(setting("ExecStartPre").at(-1), "-timeout 20s /usr/local/bin/c3po check");
  const [, limit] = /^(\d+)s$/.exec(setting("TimeoutStartSec")[0]!)!;
  assert(Number(limit) > 20);
});

Deno.test("the key gets into no core dump, and the lock of a serve in a terminal stays", () => {
  assertEquals(setting("LimitCORE"), ["0"]);
  assertEquals(setting("RuntimeDirectoryPreserve"), ["yes"]);
});

Deno.test("the service is started again soon, and less and less often", () => {
  assertEquals(setting("Restart"), ["always"]);
  assertEquals(setting("StartLimitIntervalSec"), ["0"]);
  const seconds = (name: string): number => Number(/^(\d+)s$/.exec(setting(name)[0]!)![1]);
  assert(seconds("RestartSec") >= 1 && seconds("RestartMaxDelaySec") > seconds("RestartSec"));
  assertEquals(setting("RestartSteps"), ["5"]);
});

Deno.test("the service comes before sshd, and is told how to end and to reload", () => {
  assertEquals(setting("ExecStart"), ["/usr/local/bin/c3po serve"]);
  assertEquals(setting("ExecReload"), ["kill -HUP $MAINPID"]);
  assertEquals(setting("ExecStopPost"), ["/usr/local/bin/c3po serve --undo"]);
  // What is of no use to try again: misuse, and a trial that is over (RolledBack).
  assertEquals(setting("RestartPreventExitStatus"), ["2 10"]);
  const before = setting("Before").join(" ").split(" ");
  for (const unit of ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"]) {
    assert(before.includes(unit), unit);
  }
});

Deno.test("each tool the service starts is there, or is the program itself", async () => {
  const lines = [...setting("ExecStartPre"), ...setting("ExecReload")];
  for (const line of lines) {
    const [program] = line.replace(/^[-+@!:]*/, "").split(" ");
    if (program !== "/usr/local/bin/c3po") {
      await must("sh", ["-c", 'command -v "$1"', "sh", program!]);
    }
  }
});
