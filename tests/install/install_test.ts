import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
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
import manifest from "../../deno.json" with { type: "json" };

const PROGRAM = ["bin/c3po", "lib/c3po/c3po.js", "lib/c3po/login.js"];
const FOR_ALL_USERS = [
  "lib/systemd/system/c3po-sets.service",
  "lib/systemd/system/c3po-share.service",
  "lib/systemd/system/c3po.service",
  "share/bash-completion/completions/c3po",
  "share/doc/c3po/LICENSE",
  "share/doc/c3po/server.toml.example",
  "share/fish/vendor_completions.d/c3po.fish",
  "share/man/man1/c3po.1",
  "share/man/man5/c3po-server.toml.5",
  "share/zsh/site-functions/_c3po",
];
const VERSION = `c3po ${manifest.version}\n`;

/** A copy of the checkout and an empty place to install to, both removed at the end. */
class Place implements AsyncDisposable {
  readonly checkout: string;
  readonly prefix: string;

  private constructor(readonly directory: string) {
    this.checkout = join(directory, "checkout");
    this.prefix = join(directory, "prefix with a space");
  }

  static async create(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "c3po-install-" }));
    const ignore = ["--exclude=.git", "--filter=:- .gitignore"];
    await must("rsync", ["-a", ...ignore, CHECKOUT, `${place.checkout}/`]);
    return place;
  }

  /** Runs install.sh with the Deno that runs this test on PATH, and a home directory of its own. */
  install(args: string[] = [], env: Record<string, string> = {}): Promise<RunResult> {
    return run(join(this.checkout, "install.sh"), args, {
      cwd: this.directory,
      env: {
        PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
        HOME: this.directory,
        DENO_DIR: denoDirectory(),
        C3PO_INSTALL_DIR: this.prefix,
        ...env,
      },
    });
  }

  c3po(args: string[]): Promise<RunResult> {
    return run(join(this.prefix, "bin/c3po"), args, { cwd: this.directory });
  }

  /** Every path under a folder, sorted. */
  async files(folder: string): Promise<string[]> {
    return (await must("find", [folder, "-type", "f", "-o", "-type", "l"])).split("\n").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

let shared: Promise<Place> | undefined;

/** A place to which c3po has been installed, and that no test changes. */
function installed(): Promise<Place> {
  return shared ??= Place.create().then(async (place) => {
    const { code, stderr } = await place.install();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    return place;
  });
}

Deno.test.afterAll(async () => {
  await (await shared)?.[Symbol.asyncDispose]();
});

Deno.test("install.sh installs a c3po that runs, over itself too, and leaves the checkout as it was", async () => {
  await using place = await Place.create();
  const checkout = await place.files(place.checkout);
  for (const _ of ["first", "again"]) {
    const { code, stdout, stderr } = await place.install();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, isRoot ? /\nnext: c3po setup\n$/ : /\nnext: c3po key add HOST\n$/);
    assertEquals(await place.c3po(["--version"]), { code: 0, stdout: VERSION, stderr: "" });
  }
  assertEquals(await place.files(place.checkout), checkout);
  const installed = [...PROGRAM, ...isRoot ? FOR_ALL_USERS : []];
  const files = await place.files(place.prefix);
  assertEquals(
    files.filter((file) => !/\/deno$|\/cache\//.test(file)),
    ["", ...installed.map((file) => join(place.prefix, file)).sort()],
  );
});

Deno.test("install.sh has what Deno runs compiled before its first use, and makes no key", async () => {
  const keys = () => must("find", ["/etc", "-maxdepth", "2", "-path", "/etc/c3po*"]);
  const before = await keys();
  const place = await installed();
  assertEquals(await keys(), before);
  const lib = join(place.prefix, "lib/c3po");
  using kept = new DatabaseSync(join(lib, "cache/v8_code_cache_v2"), { readOnly: true });
  const compiled = kept.prepare("SELECT specifier FROM codecache").all().map((row) =>
    row.specifier
  );
  // Without root no server can be looked at, so that nothing lives long enough.
  for (const program of isRoot ? ["c3po.js", "login.js"] : ["login.js"]) {
    const specifier = new URL(join(lib, program), "file:").href;
    assert(compiled.includes(specifier), `${program} among ${compiled}`);
  }
});

Deno.test("install.sh --uninstall leaves no file and says what it did not touch", async () => {
  await using place = await Place.create();
  await place.install();
  const { code, stdout } = await place.install(["--uninstall"]);
  assertEquals(code, 0);
  assertMatch(stdout, /\/etc\/c3po.*\/var\/lib\/c3po/);
  assertEquals(await Deno.stat(place.prefix).then(() => true, () => false), false);
  assertEquals((await place.install(["--uninstall"])).code, 0);
});

kernelTest("install.sh --uninstall first opens what a stop has left closed", async () => {
  await using place = await Place.create();
  await place.install();
  const script = [
    "nft -f -",
    '"$0" --uninstall',
    'echo "tables: $(nft list tables)"',
  ].join(" && ");
  const left = "table inet c3po { chain hide22 { type filter hook input priority 0; drop; }; }";
  const command = ["-n", "sh", "-c", `echo '${left}' | ${script}`];
  const { code, stdout, stderr } = await run("unshare", [
    ...command,
    join(place.checkout, "install.sh"),
  ], {
    cwd: place.directory,
    env: { C3PO_INSTALL_DIR: place.prefix, HOME: place.directory },
  });
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^\+ .*\/bin\/c3po serve --undo\n/);
  assertMatch(stdout, /\ntables: \n$/);
  assertEquals(await Deno.stat(place.prefix).then(() => true, () => false), false);
});

Deno.test("install.sh keeps the installed c3po when the new one does not run", async () => {
  await using place = await Place.create();
  await place.install();
  const installed = await place.files(place.prefix);
  await Deno.writeTextFile(join(place.checkout, "main.ts"), "Deno.exit(1);\n");
  const { code, stderr } = await place.install();
  assertEquals(code, 1);
  assertMatch(stderr, /^c3po: error: the new c3po does not run\nc3po: hint: /m);
  assertEquals(await place.files(place.prefix), installed);
  assertEquals((await place.c3po(["--version"])).stdout, VERSION);
});

kernelTest(
  "install.sh as root copies a Deno that somebody else could replace, or the service not see",
  async () => {
    await using place = await Place.create();
    const foreign = join(place.directory, "bin/deno");
    await Deno.mkdir(dirname(foreign));
    await Deno.copyFile(Deno.execPath(), foreign);
    await Deno.chown(foreign, 65534, 65534);
    await place.install([], { PATH: `${dirname(foreign)}:${Deno.env.get("PATH")}` });
    await Deno.remove(foreign);
    assertEquals((await place.c3po(["--version"])).stdout, VERSION);
    const copy = await Deno.stat(join(place.prefix, "lib/c3po/deno"));
    assertEquals([copy.uid, copy.mode! & 0o777], [0, 0o755]);
  },
);

kernelTest("an installed c3po starts itself again, wherever it was installed", async () => {
  const place = await installed();
  await assertStartsAgain(join(place.prefix, "bin/c3po"));
});

Deno.test("an installed c3po is found through a link as well", async () => {
  const place = await installed();
  const link = join(place.directory, "link");
  await Deno.symlink(join(place.prefix, "bin/c3po"), link);
  assertEquals(await run(link, ["--version"]), { code: 0, stdout: VERSION, stderr: "" });
});

for (
  const [what, args, env] of [
    ["an unknown argument", ["--frobnicate"], {}],
    ["a relative prefix", [], { C3PO_INSTALL_DIR: "opt" }],
    ["a prefix with a quote", [], { C3PO_INSTALL_DIR: "/tmp/it's" }],
  ] as const
) {
  Deno.test(`install.sh refuses ${what} and changes nothing`, async () => {
    await using place = await Place.create();
    const before = await place.files(place.directory);
    const { code, stdout, stderr } = await place.install([...args], env);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertMatch(stderr, /^c3po: error: .*".*"[^"\n]*\nc3po: hint: .*\n$/);
    assertEquals(await place.files(place.directory), before);
  });
}
