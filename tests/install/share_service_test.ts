import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, run, type RunResult } from "../kernel/lab.ts";

const UNIT = await Deno.readTextFile(join(CHECKOUT, "c3po-share.service"));

async function analyze(args: string[]): Promise<RunResult> {
  const root = await Deno.makeTempDir({ prefix: "c3po-unit-" });
  try {
    const program = join(root, "usr/local/bin/c3po");
    await Deno.mkdir(dirname(program), { recursive: true });
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
    const file = join(root, "c3po-share.service");
    await Deno.writeTextFile(file, UNIT.replaceAll("/usr/local/bin/c3po", program));
    return await run("systemd-analyze", [...args, file]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function setting(name: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!);
}

Deno.test("systemd has nothing to say against the unit file of c3po share", async () => {
  const verify = ["verify", "--man=no", "--recursive-errors=no"];
  assertEquals(await analyze(verify), { code: 0, stdout: "", stderr: "" });
});

Deno.test("c3po share has no right and no user of the machine's, and is exposed by at most 1.5 of 10", async () => {
  const security = ["security", "--offline=true", "--no-pager"];
  const { stdout } = await analyze(security);
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
  assert(Number(exposure) <= 1.5, `${exposure}\n${stdout}`);
  assertEquals(setting("CapabilityBoundingSet"), [""]);
  assertEquals(setting("DynamicUser"), ["yes"]);
  assert(setting("InaccessiblePaths")[0]!.includes("/etc/c3po"));
});

Deno.test("c3po share begins anew with serve, whose socket it is given, and only where it is enabled", () => {
  assertEquals(setting("PartOf"), ["c3po.service"]);
  assertEquals(setting("ExecStart"), ["/usr/local/bin/c3po share --socket /run/c3po/share.sock"]);
  assertEquals(setting("WantedBy"), ["c3po.service"]);
});
