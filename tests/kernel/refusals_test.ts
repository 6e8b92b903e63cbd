import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { bundle } from "../../build/bundle.ts";
import {
  c3poCommand,
  kernelTest,
  Lab,
  type Namespace,
  type RunResult,
  snapshot,
  startSshd,
  writeKey,
} from "./lab.ts";

/** Runs c3po where a program of /usr/sbin is missing, in a mount namespace of its own. */
async function withoutTool(machine: Namespace, tool: string, args: string[]): Promise<RunResult> {
  const real = await Deno.makeTempDir({ dir: machine.directory });
  const script = [
    "set -eu",
    'mount --bind /usr/sbin "$1"',
    "mount -t tmpfs none /usr/sbin",
    'for file in "$1"/*; do ln -s "$file" /usr/sbin/; done',
    'rm "/usr/sbin/$2"',
    "shift 2",
    'exec "$@"',
  ].join("\n");
  const command = [...c3poCommand(), ...args];
  return await machine.run("unshare", ["-m", "sh", "-c", script, "sh", real, tool, ...command], {
    env: { RUNTIME_DIRECTORY: machine.runtimeDirectory, STATE_DIRECTORY: machine.stateDirectory },
  });
}

for (const tool of ["ipset", "iptables-restore", "ip6tables-save"]) {
  kernelTest(`serve without ${tool} says what is missing and changes nothing`, async () => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const before = await snapshot(lab.server);
    const args = ["serve", "--firewall", "iptables", "--key", await writeKey(lab.server)];
    const { code, stdout, stderr } = await withoutTool(lab.server, tool, args);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, new RegExp(`^c3po: error: ${tool}: not found on this machine$`, "m"));
    assertMatch(stderr, /^c3po: hint: install it .*(ipset|iptables)$/m);
    assertEquals(await snapshot(lab.server), before);
  });
}

kernelTest("serve refuses a key that others may read, and changes nothing", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  const file = await writeKey(lab.server, "classic:a secret of the kernel tests", 0o640);
  const { code, stdout, stderr } = await lab.server.c3po(["serve", "--key", file]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^c3po: error: others may read the key file ".*": its mode is 0640$/m);
  assertMatch(stderr, /^c3po: hint: chmod 600 /m);
  assertEquals(stderr.includes("a secret"), false);
  assertEquals(await snapshot(lab.server), before);
});

kernelTest("serve without root says so, with a hint, and changes nothing", async () => {
  await using lab = await Lab.create({ peers: [] });
  const before = await snapshot(lab.server);
  // A user who cannot look into root's folders needs a c3po of their own.
  const folder = await Deno.makeTempDir({ prefix: "c3po-nobody-" });
  try {
    await Deno.chmod(folder, 0o755);
    await Deno.copyFile(Deno.execPath(), join(folder, "deno"));
    await bundle(join(folder, "c3po.js"));
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const command = [
      join(folder, "deno"),
      "run",
      "-A",
      "--no-config",
      join(folder, "c3po.js"),
      "serve",
    ];
    const env = { C3PO_SECRET: "classic:a secret of the kernel tests", HOME: "/nonexistent" };
    const run = { env: { ...env, DENO_DIR: "/nonexistent" } };
    const { code, stdout, stderr } = await lab.server.run("setpriv", [...nobody, ...command], run);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /^c3po: error: serve needs root to change the firewall\nc3po: hint: .*--dry-run$/m,
    );
    const status = command.with(-1, "status");
    const asked = await lab.server.run("setpriv", [...nobody, ...status], run);
    assertEquals([asked.code, asked.stdout], [1, ""]);
    assertMatch(asked.stderr, /^c3po: error: only root can .*\nc3po: hint: run it with sudo$/m);
    const check = await lab.server.run("setpriv", [...nobody, ...command.with(-1, "check")], run);
    assertEquals(check.code, 1);
    assertMatch(check.stdout, /sudo c3po check/);
    assertEquals(await snapshot(lab.server), before);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
