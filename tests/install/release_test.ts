import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, isRoot, kernelTest, must, run } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

const UNIT = "lib/systemd/system/c3po.service";
const INSTALLED = isRoot ? ["bin/c3po", UNIT] : ["bin/c3po"];

Deno.test("a release whose checksum is right is installed, and names the next command", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const { code, stdout, stderr } = await scene.install();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^installed c3po 1\.0\.0 as .*\/prefix\/bin\/c3po$/m);
  assertMatch(stdout, /\nnext: c3po (setup|key add HOST)\n$/);
  assertEquals(await scene.files(), INSTALLED);
  assertEquals(await scene.version(), "c3po 1.0.0");
});

Deno.test("C3PO_VERSION chooses the release, with or without the v of its tag", async () => {
  await using scene = await Scene.create();
  for (const version of ["1.0.0", "1.1.0", "2.0.0"]) await scene.publish(version, script(version));
  for (const version of ["1.0.0", "v1.1.0"]) {
    assertEquals((await scene.install({ C3PO_VERSION: version })).code, 0);
    assertEquals(await scene.version(), `c3po ${version.replace("v", "")}`);
  }
  assertEquals((await scene.install()).code, 0);
  assertEquals(await scene.version(), "c3po 2.0.0");
});

Deno.test("the service runs the program where it is installed", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  await scene.install();
  if (!isRoot) return assertEquals(await scene.files(), INSTALLED);
  const unit = await Deno.readTextFile(join(scene.prefix, UNIT));
  assertMatch(unit, new RegExp(`^ExecStart=${scene.prefix}/bin/c3po serve$`, "m"));
  assertEquals(unit.includes("/usr/local/bin/c3po"), false);
});

kernelTest(
  "a prefix with a space is one word to systemd, and where it does not look is told",
  async () => {
    await using scene = await Scene.create();
    await scene.publish("1.0.0", script("1.0.0"));
    const prefix = join(scene.directory, "my c3po 100%");
    const { stdout } = await scene.install({ C3PO_INSTALL_DIR: prefix });
    const unit = await Deno.readTextFile(join(prefix, UNIT));
    assertMatch(unit, new RegExp(`^ExecStart="${prefix}%/bin/c3po" serve$`, "m"));
    assertMatch(stdout, new RegExp(`systemctl link "${prefix}/${UNIT}"$`, "m"));
    const { stderr } = await run("systemd-analyze", ["verify", "--man=no", join(prefix, UNIT)]);
    assertEquals(stderr.includes("not executable"), false, stderr);
  },
);

/** How a new release can be wrong, and what the user is told. */
const WRONG: Record<string, [RegExp, (scene: Scene) => Promise<unknown>]> = {
  "has a wrong checksum": [
    /has the wrong checksum/,
    (scene) =>
      scene.publish("2.0.0", script("2.0.0"), (right) => right.replace(/^\w+/, "0".repeat(64))),
  ],
  "was changed after its checksum was made": [/has the wrong checksum/, async (scene) => {
    const archive = await scene.publish("2.0.0", script("2.0.0"));
    archive[archive.length - 1]! ^= 1;
  }],
  "has no checksums": [/cannot fetch .*SHA256SUMS/, async (scene) => {
    await scene.publish("2.0.0", script("2.0.0"));
    scene.answers.delete("/latest/download/SHA256SUMS");
  }],
  "has checksums of other files alone": [
    /has no checksum for c3po-linux/,
    (scene) => scene.publish("2.0.0", script("2.0.0"), (right) => right.replace("linux", "beos")),
  ],
  "is cut off on its way": [/cannot fetch .*tar\.gz/, async (scene) => {
    const archive = await scene.publish("2.0.0", script("2.0.0"));
    scene.answers.set(scene.latest, () => cut(archive));
  }],
  "is half an archive": [/cannot unpack/, async (scene) => {
    const archive = await scene.publish("2.0.0", script("2.0.0").padEnd(5000, "#"));
    await scene.serve("2.0.0", archive.slice(0, archive.length / 2));
  }],
  "has half a program": [/the new c3po does not run/, async (scene) => {
    const file = join(scene.directory, "half");
    const whole = await Deno.readFile(await Deno.realPath("/bin/cat"));
    await Deno.writeFile(file, whole.slice(0, whole.length / 2));
    await scene.publish("2.0.0", new URL(`file://${file}`));
  }],
  "has a program that fails": [
    /the new c3po does not run/,
    (scene) => scene.publish("2.0.0", "#!/bin/sh\nexit 3\n"),
  ],
};

for (const [what, [told, publish]] of Object.entries(WRONG)) {
  Deno.test(`a release that ${what} is refused, and the old version stays`, async () => {
    await using scene = await Scene.create();
    await publish(scene);
    await assertRefused(scene, told, null, []); // nothing was there: nothing comes
    await scene.publish("1.0.0", script("1.0.0"));
    assertEquals((await scene.install()).code, 0);
    await publish(scene);
    await assertRefused(scene, told, "c3po 1.0.0", INSTALLED);
  });
}

async function assertRefused(
  scene: Scene,
  told: RegExp,
  version: string | null,
  files: string[],
): Promise<void> {
  const { code, stderr } = await scene.install();
  assertEquals(code, 1, stderr);
  assertMatch(stderr, new RegExp(`^c3po: error: .*(?:${told.source}).*\nc3po: hint: .+$`, "m"));
  assertEquals(await scene.version(), version);
  assertEquals(await scene.files(), files);
}

/** An answer that promises more than it sends. */
function cut(whole: Uint8Array<ArrayBuffer>): Response {
  const half = new ReadableStream({
    start(controller) {
      controller.enqueue(whole.slice(0, whole.length / 2));
      controller.close();
    },
  });
  return new Response(half, { headers: { "content-length": String(whole.length) } });
}

Deno.test("a script that is cut off at any line installs nothing, and asks for nothing", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const lines = (await Deno.readTextFile(join(CHECKOUT, "install.sh"))).split("\n");
  const whole = lines.findIndex((line) => line.startsWith("main "));
  assertEquals(whole, lines.length - 2, "the call of main is the last line");
  for (let count = 0; count <= whole; count++) {
    await scene.install({}, lines.slice(0, count).join("\n"));
    await scene.install({}, lines.slice(0, count).join("\n") + "\n" + lines[count]!.slice(0, 3));
  }
  assertEquals({ asked: scene.asked, files: await scene.files() }, { asked: [], files: [] });
});

Deno.test("a running c3po goes on while its file is replaced", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", new URL(`file://${await Deno.realPath("/bin/cat")}`));
  assertEquals((await scene.install()).code, 0);
  const running = new Deno.Command(join(scene.prefix, "bin/c3po"), {
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await scene.publish("2.0.0", script("2.0.0"));
  assertEquals((await scene.install()).code, 0);
  assertEquals(await scene.version(), "c3po 2.0.0");
  const writer = running.stdin.getWriter();
  await writer.write(new TextEncoder().encode("still here"));
  await writer.close();
  assertEquals(new TextDecoder().decode((await running.output()).stdout), "still here");
});

kernelTest("without the right to write nothing is changed, and the way out is told", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  assertEquals((await scene.install()).code, 0);
  await scene.publish("2.0.0", script("2.0.0"));
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "sh"];
  const { code, stderr } = await run("setpriv", nobody, {
    stdin: await Deno.readTextFile(join(CHECKOUT, "install.sh")),
    env: scene.environment({}),
    cwd: "/",
  });
  assertEquals(code, 1);
  assertMatch(stderr, /c3po: error: cannot write under .*\nc3po: hint: run this as root/);
  assertEquals(await scene.version(), "c3po 1.0.0");
});

kernelTest("a user without root gets the client alone, and the line for the PATH", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const home = join(scene.directory, "home");
  await Deno.mkdir(home);
  await Deno.chown(home, 65534, 65534);
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "sh"];
  const { code, stdout, stderr } = await run("setpriv", nobody, {
    stdin: await Deno.readTextFile(join(CHECKOUT, "install.sh")),
    env: { ...scene.environment({ HOME: home, C3PO_INSTALL_DIR: "" }) },
    cwd: "/",
  });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /: export PATH=".*\/home\/\.local\/bin:\$PATH"\nnext: c3po key add HOST\n$/);
  const files = await must("find", [home, "-type", "f", "-printf", "%P\n"]);
  assertEquals(files, ".local/bin/c3po\n");
});

Deno.test("--uninstall removes all of it, names what stays, and touches nothing else", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  await scene.install();
  await Deno.writeTextFile(join(scene.prefix, "bin/other"), "");
  const { code, stdout } = await scene.uninstall();
  assertEquals(code, 0);
  assertMatch(stdout, /what stays, .*\/etc\/c3po.*~\/\.config\/c3po.*\/var\/lib\/c3po/);
  const left = await must("find", [scene.prefix, "-mindepth", "1", "-printf", "%P\n"]);
  assertEquals(left, "bin\nbin/other\n");
});

Deno.test("--uninstall leaves no empty folder of a prefix of its own, and says nothing of systemd", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  await scene.install();
  const { code, stderr } = await scene.uninstall();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(await Deno.stat(scene.prefix).then(() => true, () => false), false);
});

for (const how of ["compiled", "run by Deno"]) {
  kernelTest(`--uninstall leaves the program of a c3po serve that runs, ${how}`, async () => {
    await using scene = await Scene.create();
    await scene.publish("1.0.0", script("1.0.0"));
    await scene.install();
    const program = join(scene.prefix, "bin/c3po");
    // A shell in its place, that does nothing as long as nobody writes to it.
    const bundle = `${scene.prefix}/bin/../lib/c3po/c3po.js`;
    if (how === "compiled") await Deno.copyFile(await Deno.realPath("/bin/bash"), program);
    const serving = new Deno.Command(how === "compiled" ? program : "bash", {
      args: ["-c", "read -r", how === "compiled" ? "c3po" : bundle, "serve"],
      stdin: "piped",
    }).spawn();
    try {
      const { code, stderr } = await scene.uninstall();
      assertEquals(code, 1, stderr);
      assertMatch(
        stderr,
        new RegExp(`^c3po: error: c3po serve is running, process ${serving.pid}\\n`),
      );
      assertEquals(await scene.files(), INSTALLED);
    } finally {
      await serving.stdin.close();
      await serving.status;
    }
    assertEquals((await scene.uninstall()).code, 0);
  });
}

/** Systems that no release is made for: the words of `uname -s`, `uname -m` and `ldd --version`. */
for (
  const [system, machine, library, told] of [
    ["SunOS", "x86_64", "", /there is no release for SunOS x86_64/],
    ["Linux", "riscv64", "", /there is no release for Linux riscv64/],
    ["Linux", "x86_64", "musl libc (x86_64)", /the C library musl/],
  ] as const
) {
  Deno.test(`install.sh says so on ${system} ${machine} ${library}`, async () => {
    await using scene = await Scene.create();
    await scene.publish("1.0.0", script("1.0.0"));
    const bin = join(scene.directory, "bin");
    await Deno.mkdir(bin);
    const uname = `#!/bin/sh\nif [ "$1" = -s ]; then echo ${system}; else echo ${machine}; fi\n`;
    await Deno.writeTextFile(join(bin, "uname"), uname, { mode: 0o755 });
    const ldd = `#!/bin/sh\necho '${library}' >&2\nexit 1\n`;
    await Deno.writeTextFile(join(bin, "ldd"), ldd, { mode: 0o755 });
    const { code, stderr } = await scene.install({ PATH: `${bin}:${Deno.env.get("PATH")}` });
    assertEquals(code, 1);
    assertMatch(stderr, told);
    assertEquals({ asked: scene.asked, files: await scene.files() }, { asked: [], files: [] });
  });
}

for (
  const [what, env] of [
    ["a plain http address elsewhere", { C3PO_BASE_URL: "http://releases.example" }],
    ["an address without a host", { C3PO_BASE_URL: "https:///releases" }],
    ["an http address that only begins like this machine", {
      C3PO_BASE_URL: "http://localhost:80.releases.example",
    }],
    ["a host behind the name of a user", {
      C3PO_BASE_URL: "http://localhost:x@releases.example/",
    }],
    ["a user in an https address", { C3PO_BASE_URL: "https://user@releases.example" }],
    ["a host behind a backslash", { C3PO_BASE_URL: "http://127.0.0.1:80\\@releases.example" }],
    ["an address of two lines, where one is right", {
      C3PO_BASE_URL: "http://releases.example\nhttps://a.example",
    }],
    ["an address with a query", { C3PO_BASE_URL: "https://releases.example/?" }],
    ["a version with a slash", { C3PO_VERSION: "../1.0.0" }],
  ] as const
) {
  Deno.test(`install.sh refuses ${what}`, async () => {
    await using scene = await Scene.create();
    const { code, stderr } = await scene.install(env);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, /^c3po: error: "[^"]*" is no .*\nc3po: hint: .*C3PO_/);
    assert(scene.asked.length === 0);
  });
}
