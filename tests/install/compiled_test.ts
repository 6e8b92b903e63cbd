import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  CHECKOUT,
  denoDirectory,
  isRoot,
  kernelTest,
  must,
  run,
  type RunResult,
} from "../kernel/lab.ts";
import { assertStartsAgain } from "./again.ts";
import { zipOf } from "./zip.ts";
import { Scene } from "./releases.ts";
import manifest from "../../deno.json" with { type: "json" };

const TARGET = `linux-${Deno.build.arch}`;
const KEY = "c3po-1-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** Compiles once for all tests here, as in a closed network: see .ci/compile. */
const binary: Promise<string> = (async () => {
  await must(join(CHECKOUT, ".ci/compile"), [], { env: { DENO: Deno.execPath() } });
  return join(CHECKOUT, "dist/c3po");
})();

async function c3po(args: string[], env: Record<string, string> = {}): Promise<RunResult> {
  return await run(await binary, args, { env: { C3PO_SECRET: KEY, ...env }, cwd: "/" });
}

Deno.test("the compiled c3po is one file that runs under its permissions", async () => {
  const version = { code: 0, stdout: `c3po ${manifest.version}\n`, stderr: "" };
  assertEquals(await c3po(["--version"]), version);
});

Deno.test("the compiled c3po computes the same ports as the source", async () => {
  const args = ["port", "--all", "--at", "2026-11-22T00:00:00Z"];
  const source = [Deno.execPath(), "run", "-A", join(CHECKOUT, "main.ts")] as const;
  const [command, ...first] = source;
  const expected = await run(command, [...first, ...args], { env: { C3PO_SECRET: KEY } });
  assertEquals(expected.code, 0);
  assertEquals(await c3po(args), expected);
});

Deno.test("the compiled c3po finds ssh under any PATH, and resolves a host with it", async () => {
  const env = { PATH: "/nonexistent", C3PO_SECRET: "", HOME: "/nonexistent" };
  const { code, stderr } = await c3po(["port", "some-host"], env);
  assertEquals(code, 1);
  assertMatch(stderr, /^c3po: error: no key found for "some-host"\n/);
});

Deno.test("the compiled c3po prints what serve would load", async () => {
  const { code, stdout, stderr } = await c3po(["serve", "--dry-run"]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^create c3po-|^table inet c3po/m);
});

Deno.test("the compiled c3po leaves nothing in the folder for temporary files", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-tmp-" });
  try {
    assertEquals((await c3po(["port"], { TMPDIR: folder })).code, 0);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the compiled c3po has no memory that is executable and not of a file", async () => {
  const child = new Deno.Command(await binary, {
    args: ["port", "--watch"],
    env: { C3PO_SECRET: KEY },
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    assert(!(await reader.read()).done, "it ended");
    await reader.cancel();
    const maps = await Deno.readTextFile(`/proc/${child.pid}/maps`);
    const executable = maps.split("\n").filter((line) => /^\S+ ..x/.test(line));
    assert(executable.length > 0);
    assertEquals(executable.filter((line) => !/ (?:\/.*|\[v\w+\])$/.test(line)), []);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

kernelTest("the compiled c3po starts itself again, though no c3po is on its list", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po elsewhere " });
  try {
    const copy = join(folder, "renamed");
    await Deno.copyFile(await binary, copy);
    await assertStartsAgain(copy);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the archive of a release installs the compiled c3po with all that goes with it", async () => {
  await binary;
  await must(join(CHECKOUT, ".ci/compile"), [TARGET], { env: { DENO: Deno.execPath() } });
  await using scene = await Scene.create();
  await scene.serve("1.0.0", await Deno.readFile(join(CHECKOUT, `dist/c3po-${TARGET}.tar.gz`)));
  const sums = (await Deno.readTextFile(join(CHECKOUT, "dist/SHA256SUMS"))).split("\n");
  const served = new TextDecoder().decode(scene.answers.get(scene.sums) as Uint8Array).trim();
  assertEquals(sums.filter((line) => line.endsWith(`c3po-${TARGET}.tar.gz`)), [served]);
  const { code, stderr } = await scene.install();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(await scene.version(), `c3po ${manifest.version}`);
  const manual = await scene.files();
  assertEquals(manual.includes("share/man/man1/c3po.1"), isRoot);
});

/** Where `.ci/compile` keeps the runtimes, and the Deno that fits them. */
const RUNTIMES = join(CHECKOUT, ".cache/denort-2.7.11");

Deno.test("the program is compiled with the runtime of Deno 2.7.11", async () => {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(await binary));
  assertEquals(new Set(text.match(/Deno\/\d+\.\d+\.\d+/g)), new Set(["Deno/2.7.11"]));
});

Deno.test("the runtime is nearly all that the compiled c3po weighs", async () => {
  const runtime = await Deno.stat(join(RUNTIMES, "denort-linux-x64"));
  const whole = await Deno.stat(await binary);
  assert(whole.size - runtime.size < 1_500_000, `${whole.size - runtime.size} bytes are c3po`);
});

/** The folder that has the libraries of aarch64, and what runs its programs. */
const AARCH64 = "/usr/aarch64-linux-gnu";
/** Newer packages have it by the second name. */
const EMULATE = 'exec "$(command -v qemu-aarch64-static || command -v qemu-aarch64)" "$@"';

Deno.test("the c3po for aarch64 runs, and computes the same ports", async () => {
  await must(join(CHECKOUT, ".ci/compile"), ["linux-aarch64"], { env: { DENO: Deno.execPath() } });
  const program = join(CHECKOUT, "dist/c3po-linux-aarch64/bin/c3po");
  const emulated = async (args: string[]): Promise<RunResult> =>
    await run("sh", ["-c", EMULATE, "sh", "-L", AARCH64, program, ...args], {
      env: { C3PO_SECRET: KEY },
      cwd: "/",
    });
  const version = { code: 0, stdout: `c3po ${manifest.version}\n`, stderr: "" };
  assertEquals(await emulated(["--version"]), version);
  const args = ["port", "--all", "--at", "2026-11-22T00:00:00Z"];
  assertEquals(await emulated(args), await c3po(args));
  const dryRun = await emulated(["serve", "--dry-run", "--force"]);
  assertEquals([dryRun.code, dryRun.stderr], [0, ""]);
});

Deno.test("install.sh compiles without network, with a runtime that somebody has put there", async () => {
  await binary;
  const folder = await Deno.makeTempDir({ prefix: "c3po-offline-" });
  try {
    const dl = join(folder, "deno/dl/release/v2.7.11");
    await Deno.mkdir(dl, { recursive: true });
    const runtime = await Deno.readFile(join(RUNTIMES, "denort-linux-x64"));
    const zip = join(dl, `denort-${Deno.build.target}.zip`);
    await Deno.writeFile(zip, zipOf("denort", runtime));
    await Deno.symlink(join(denoDirectory(), "npm"), join(folder, "deno/npm"));
    const prefix = join(folder, "prefix");
    const { code, stdout, stderr } = await run(join(CHECKOUT, "install.sh"), [], {
      env: {
        PATH: `${RUNTIMES}:${Deno.env.get("PATH")}`,
        DENO_DIR: join(folder, "deno"),
        DENO_TLS_CA_STORE: "system",
        HOME: folder,
        C3PO_INSTALL_DIR: prefix,
      },
    });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^installed c3po /m);
    const program = await Deno.readFile(join(prefix, "bin/c3po"));
    assertEquals(program.slice(0, 1_000_000), runtime.slice(0, 1_000_000));
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(zip)));
    assertMatch(stdout, new RegExp(`^compiling with "${zip}", SHA-256 ${sum.toHex()}$`, "m"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
