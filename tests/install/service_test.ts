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

Deno.test("systemd has nothing to say against the unit file", async () => {
  const verify = ["verify", "--man=no", "--recursive-errors=no"];
  assertEquals(await analyze(UNIT, verify), { code: 0, stdout: "", stderr: "" });
});

Deno.test("systemd does find a mistake, where there is one", async () => {
  const wrong = UNIT.replace("ProtectHome=yes", "ProtectHome=perhaps");
  const { stderr } = await analyze(wrong, ["verify", "--man=no", "--recursive-errors=no"]);
  assertMatch(stderr, /protect home/i);
});

Deno.test("the service is exposed by at most 2.5 of 10, as systemd counts", async () => {
  const security = ["security", "--offline=true", "--no-pager"];
  const { stdout } = await analyze(UNIT, security);
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
  assert(Number(exposure) <= 2.5, `${exposure}\n${stdout}`);
  // The same as a threshold, in tenths, that systemd itself enforces.
  assertEquals((await analyze(UNIT, [...security, "--threshold=25"])).code, 0);
});

Deno.test("the service has the capabilities that rules and sets need, and no others", () => {
  assertEquals(setting("CapabilityBoundingSet"), ["CAP_NET_ADMIN CAP_NET_RAW"]);
});

Deno.test("the service checks first, comes before sshd, and is told how to end and to reload", () => {
  assertEquals(setting("ExecStart"), ["/usr/local/bin/c3po serve"]);
  assertEquals(setting("ExecStartPre").at(-1), "/usr/local/bin/c3po check");
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
