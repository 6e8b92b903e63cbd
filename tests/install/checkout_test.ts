import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, kernelTest, must, run, type RunResult } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

/** A user who is neither root nor the owner of anything here. */
const STRANGER = 65534;

/** A folder with what install.sh takes for a checkout, where building tells who it was run by. */
class Folder implements AsyncDisposable {
  readonly #outer: string;
  readonly path: string;

  private constructor(outer: string) {
    this.#outer = outer;
    this.path = join(outer, "above/checkout");
  }

  static async create(): Promise<Folder> {
    const folder = new Folder(await Deno.makeTempDir({ prefix: "c3po-checkout-" }));
    await Deno.mkdir(join(folder.path, "tools"), { recursive: true });
    await Deno.mkdir(join(folder.path, "build"));
    await Deno.writeTextFile(join(folder.path, "main.ts"), "");
    await Deno.writeTextFile(join(folder.path, "build/local.ts"), "");
    const build = `#!/bin/sh\ntouch '${folder.ran}'\nexit 1\n`;
    await Deno.writeTextFile(join(folder.path, "tools/build-tree.sh"), build);
    await Deno.copyFile(join(CHECKOUT, "install.sh"), join(folder.path, "install.sh"));
    await must("chmod", ["-R", "u=rwX,go=rX", folder.#outer]);
    await must("chmod", ["755", join(folder.path, "tools/build-tree.sh")]);
    return folder;
  }

  /** What the build makes. */
  get ran(): string {
    return join(this.#outer, "ran");
  }

  async wasBuilt(): Promise<boolean> {
    return await Deno.stat(this.ran).then(() => true, () => false);
  }

  /** The same where /etc/passwd and /etc/group have lines besides their own, which come first. */
  async installAmong(
    users: { passwd?: string; group?: string },
    env: Record<string, string> = {},
  ): Promise<RunResult> {
    const mounts: string[] = [];
    for (const [name, lines] of Object.entries(users)) {
      const copy = join(this.#outer, name);
      await Deno.writeTextFile(copy, `${lines}\n${await Deno.readTextFile(`/etc/${name}`)}`);
      mounts.push(`mount --bind '${copy}' /etc/${name}`);
    }
    const script = [...mounts, "exec sh install.sh"].join(" && ");
    return await run("unshare", ["-m", "sh", "-c", script], {
      cwd: this.path,
      env: { HOME: this.#outer, C3PO_INSTALL_DIR: join(this.#outer, "prefix"), ...env },
    });
  }

  /** Runs install.sh in there, by its name or another. */
  async install(env: Record<string, string> = {}, name = "install.sh"): Promise<RunResult> {
    return await run("sh", [name], {
      cwd: this.path,
      env: { HOME: this.#outer, C3PO_INSTALL_DIR: join(this.#outer, "prefix"), ...env },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#outer, { recursive: true });
  }
}

Deno.test("a checkout that only its owner can change is built", async () => {
  await using folder = await Folder.create();
  const { stderr } = await folder.install();
  assertMatch(stderr, /^c3po: error: c3po could not be built$/m);
  assertEquals(await folder.wasBuilt(), true);
});

Deno.test("a checkout is found through a link to its install.sh", async () => {
  await using folder = await Folder.create();
  const link = join(dirname(folder.path), "link-to-install.sh");
  await Deno.symlink(join(folder.path, "install.sh"), link);
  await folder.install({}, link);
  assertEquals(await folder.wasBuilt(), true);
});

/** What a stranger can do to a checkout, or to the folder where somebody has saved install.sh. */
const CHANGEABLE: Record<string, (path: string) => Promise<unknown>> = {
  "lies in a folder that all may write to": (path) => Deno.chmod(path, 0o777),
  "lies in one that all may write to, but not take files away from": (path) =>
    must("chmod", ["1777", path]),
  "has a main.ts of somebody else's": (path) =>
    Deno.chown(join(path, "main.ts"), STRANGER, STRANGER),
  "has a build script that all may write to": (path) =>
    Deno.chmod(join(path, "tools/build-tree.sh"), 0o757),
  "has tools that a group may write to": async (path) => {
    await Deno.chown(join(path, "tools"), 0, STRANGER);
    await Deno.chmod(join(path, "tools"), 0o775);
  },
  "has tools that an access control list lets a stranger change": (path) =>
    must("setfacl", ["-m", `u:${STRANGER}:rwx`, join(path, "tools")]),
  "has a build script of that kind": (path) =>
    must("setfacl", ["-m", `u:${STRANGER}:rw`, join(path, "tools/build-tree.sh")]),
  "has a folder above it of that kind": (path) =>
    must("setfacl", ["-m", `u:${STRANGER}:rwx`, dirname(path)]),
  "has a folder for building that is somebody else's": (path) =>
    Deno.chown(join(path, "build"), STRANGER, STRANGER),
  "has a folder above it that all may write to": (path) => Deno.chmod(dirname(path), 0o777),
  "has a folder above it that is somebody else's": (path) =>
    Deno.chown(dirname(path), STRANGER, STRANGER),
};

for (const [what, change] of Object.entries(CHANGEABLE)) {
  kernelTest(`root runs nothing of a checkout that ${what}`, async () => {
    await using folder = await Folder.create();
    await change(folder.path);
    const { code, stdout, stderr } = await folder.install();
    assertEquals(await folder.wasBuilt(), false);
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertMatch(
      stderr,
      /^c3po: error: "\/.*" can be changed by other users, .*\nc3po: hint: .*\n$/,
    );
  });
}

kernelTest(
  "a checkout of whoever runs sudo is theirs, also in a home that is not root's",
  async () => {
    await using folder = await Folder.create();
    await Deno.chown(dirname(folder.path), STRANGER, STRANGER);
    await folder.install({ SUDO_UID: String(STRANGER) });
    assertEquals(await folder.wasBuilt(), true);
  },
);

/** A developer, and the group that is made for them alone. */
const DEVELOPER = 4242;
const PASSWD = `dev:x:${DEVELOPER}:${DEVELOPER}::/:/bin/sh`;
const GROUP = `dev:x:${DEVELOPER}:`;

for (const [who, group] of [["root", 0], ["who runs sudo", DEVELOPER]] as const) {
  const env: Record<string, string> = group === 0 ? {} : { SUDO_UID: String(group) };
  const own = group === 0 ? "root:x:0:" : GROUP;
  const others: Record<string, { passwd?: string; group?: string }> = {
    "has another member": { passwd: PASSWD, group: `${own}root,nobody` },
    "has a member of that name by another line": { passwd: PASSWD, group: `${own}\n${own}nobody` },
    "is another user's own group": {
      passwd: `${PASSWD}\nfriend:x:4243:${group}::/:/bin/sh`,
      group: own,
    },
    "has a member that no user is": { passwd: PASSWD, group: `${own}no-such-user` },
  };
  const shared = async (): Promise<Folder> => {
    const folder = await Folder.create();
    await Deno.chown(join(folder.path, "tools"), 0, group);
    await Deno.chmod(join(folder.path, "tools"), 0o775);
    return folder;
  };

  for (const [what, users] of Object.entries(others)) {
    kernelTest(`the group of ${who} may change no checkout if it ${what}`, async () => {
      await using folder = await shared();
      const { code, stdout, stderr } = await folder.installAmong(users, env);
      assertEquals(await folder.wasBuilt(), false);
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
      assertMatch(stderr, /^c3po: error: ".*\/tools" can be changed by other users, .*\n/);
    });
  }

  kernelTest(`the group of ${who} may change a checkout if nobody else is in it`, async () => {
    await using folder = await shared();
    await folder.installAmong({ passwd: PASSWD, group: `${own}root` }, env);
    assertEquals(await folder.wasBuilt(), true);
  });
}

kernelTest("root compiles with no runtime that somebody else can change", async () => {
  await using folder = await Folder.create();
  const cache = join(dirname(folder.path), "cache");
  await Deno.mkdir(join(cache, "dl"), { recursive: true });
  await Deno.chown(join(cache, "dl"), STRANGER, STRANGER);
  const { code, stderr } = await folder.install({ DENO_DIR: cache });
  assertEquals([code, await folder.wasBuilt()], [1, false]);
  assertMatch(stderr, /^c3po: error: ".*\/cache\/dl" can be changed by other users/);
});

kernelTest("modes in a cache of Deno count where another user comes as far", async () => {
  await using folder = await Folder.create();
  const cache = join(dirname(folder.path), "private/cache");
  await Deno.mkdir(cache, { recursive: true });
  await Deno.writeTextFile(join(cache, "open"), "");
  await Deno.chmod(join(cache, "open"), 0o666);
  await Deno.chmod(dirname(cache), 0o755);
  const open = await folder.install({ DENO_DIR: cache });
  assertMatch(open.stderr, /^c3po: error: ".*\/cache\/open" can be changed by other users/);
  assertEquals(await folder.wasBuilt(), false);

  await Deno.chmod(dirname(cache), 0o700);
  await folder.install({ DENO_DIR: cache });
  assertEquals(await folder.wasBuilt(), true);
});

kernelTest("a file that goes while it is looked at belongs to nobody else", async () => {
  await using folder = await Folder.create();
  const outer = dirname(folder.path);
  const [bin, cache] = [join(outer, "bin"), join(outer, "private")];
  await Deno.mkdir(bin);
  await Deno.mkdir(cache, { mode: 0o700 });
  const files = ["one", "two", "three"].map((name) => join(cache, name));
  for (const file of files) await Deno.writeTextFile(file, "");
  // The first that find looks at has the others removed, whose names it has read by then.
  const others = '[ ! -e "$2" ] || for file in "$1"/*; do [ "$file" = "$2" ] || rm "$file"; done';
  const find = `#!/bin/sh
[ "$1" = '${cache}' ] && [ "$2" != -prune ] || exec /usr/bin/find "$@"
shift
case $1 in -ignore*) option=$1 && shift ;; esac
exec /usr/bin/find '${cache}' $option '(' -type f -exec sh -c '${others}' sh '${cache}' '{}' ';' \
  -false ')' -o "$@"
`;
  await Deno.writeTextFile(join(bin, "find"), find, { mode: 0o755 });
  await folder.install({ DENO_DIR: cache, PATH: `${bin}:${Deno.env.get("PATH")}` });
  assertEquals((await Array.fromAsync(Deno.readDir(cache))).length, 1);
  assertEquals(await folder.wasBuilt(), true);
});

Deno.test("the install.sh of a release takes nothing beside it for a checkout", async () => {
  await using folder = await Folder.create();
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const file = join(folder.path, "install.sh");
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace(/^BASE_URL=$/m, `BASE_URL=${scene.url}`));
  const { code, stderr } = await folder.install({ C3PO_INSTALL_DIR: scene.prefix });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals([await folder.wasBuilt(), await scene.version()], [false, "c3po 1.0.0"]);
});

Deno.test("an install.sh that has no checkout and no address of releases says so", async () => {
  await using folder = await Folder.create();
  await Deno.remove(join(folder.path, "main.ts"));
  const { code, stdout, stderr } = await folder.install();
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertMatch(stderr, /^c3po: error: there is no checkout .*\nc3po: hint: .*C3PO_BASE_URL/);
});

Deno.test("an install.sh without a home says what to set", async () => {
  await using folder = await Folder.create();
  const asUser = ["-i", `PATH=${Deno.env.get("PATH")}`, "sh", "install.sh", "--uninstall"];
  // For root there is always a place; a user has none.
  const drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "env", ...asUser];
  const isRoot = Deno.uid() === 0;
  const { code, stderr } = await run(isRoot ? "setpriv" : "env", isRoot ? drop : asUser, {
    cwd: folder.path,
  });
  assertEquals(code, 2);
  assertMatch(stderr, /^c3po: error: HOME is not set.*\nc3po: hint: .*HOME/);
});

/** Where Deno looks for what a command in a folder of the checkout is to be run with. */
const CONFIGURATIONS = ["deno.json", "bench/draw/deno.json", "tools/check-sbom/deno.json"];

for (const file of CONFIGURATIONS) {
  Deno.test(`a workspace above the checkout changes nothing of what runs by ${file}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "c3po-workspace-" });
    try {
      const config = JSON.parse(await Deno.readTextFile(join(CHECKOUT, file)));
      const says = async (config: object): Promise<string> => {
        const write = (path: string, text: string) => Deno.writeTextFile(join(folder, path), text);
        await Deno.mkdir(join(folder, "co"), { recursive: true });
        await write("co/deno.json", JSON.stringify(config));
        await write("co/main.ts", 'import "./own.ts";');
        await write("co/own.ts", 'console.log("own");');
        await write("planted.ts", 'console.log("planted");');
        const imports = { "./co/own.ts": "./planted.ts" };
        await write("deno.json", JSON.stringify({ workspace: ["./co"], lock: false, imports }));
        const { stdout } = await run(Deno.execPath(), ["run", "--quiet", "main.ts"], {
          cwd: join(folder, "co"),
        });
        return stdout.trim();
      };
      const { compilerOptions: _, lock: _lock, ...ours } = config;
      assertEquals(await says(ours), "own");
      const { workspace: _workspace, ...other } = ours;
      assertEquals(await says(other), "planted", "what Deno does with a configuration without it");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
