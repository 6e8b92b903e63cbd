import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { permissionFlags } from "../../build/permissions.ts";
import { CHECKOUT, denoDirectory, run, type RunResult } from "../kernel/lab.ts";

/** The systems that have clients alone, as Deno calls them. */
const SYSTEMS = { macos: "darwin", windows: "windows" } as const;
const KEY = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/**
 * c3po with what a build for another system may do there, told that it is on that system. Paths in
 * the manner of Windows are names of files here, which is all the same to a program that only joins
 * them.
 */
class Elsewhere implements AsyncDisposable {
  private constructor(readonly system: keyof typeof SYSTEMS, readonly folder: string) {}

  static async create(system: keyof typeof SYSTEMS): Promise<Elsewhere> {
    return new Elsewhere(system, await Deno.makeTempDir({ prefix: "c3po-elsewhere-" }));
  }

  c3po(args: string[], options: { env?: Record<string, string>; stdin?: string } = {}) {
    const pretend = `--preload=${join(CHECKOUT, "tests/os/systems/pretend.ts")}`;
    const flags = ["--quiet", "--no-prompt", pretend, ...permissionFlags(this.system)];
    return run(Deno.execPath(), ["run", ...flags, join(CHECKOUT, "main.ts"), ...args], {
      ...options,
      env: { ...this.#environment(), ...options.env },
      cwd: this.folder,
    });
  }

  #environment(): Record<string, string> {
    return {
      C3PO_TEST_SYSTEM: SYSTEMS[this.system],
      DENO_DIR: denoDirectory(),
      NO_COLOR: "1",
      HOME: join(this.folder, "home"),
      USERPROFILE: "C:\\Users\\me",
      APPDATA: "C:\\Users\\me\\AppData\\Roaming",
    };
  }

  /** Every file that is there now, from this folder on. */
  async files(): Promise<string[]> {
    const { stdout } = await run("find", [this.folder, "-type", "f", "-printf", "%P\n"]);
    return stdout.split("\n").filter((file) => file !== "").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const DONE = (stdout: string): RunResult => ({ code: 0, stdout, stderr: "" });

for (const system of ["macos", "windows"] as const) {
  Deno.test(`on ${system} each command of a server says that there is none`, async () => {
    await using there = await Elsewhere.create(system);
    const commands = ["serve", "serve --dry-run", "serve --undo", "status", "demo", "ban", "allow"];
    const more = ["ban add 192.0.2.1", "ban clear", "allow add 192.0.2.1"];
    for (const command of [...commands, ...more]) {
      const { code, stdout, stderr } = await there.c3po(command.split(" "), {
        env: { C3PO_SECRET: KEY },
      });
      assertEquals({ code, stdout }, { code: 1, stdout: "" }, command);
      assertMatch(stderr, /^c3po: error: .*Linux.*\n(?:c3po: hint: .*\n)?$/, command);
    }
    const { code, stdout } = await there.c3po(["check"]);
    assertEquals(code, 1);
    assertMatch(stdout, /fail {2}system {2}servers run on Linux only\n.*c3po check HOST\n/);
    assertEquals(await there.files(), []);
  });

  Deno.test(`on ${system} a client keeps keys, and finds ports with them`, async () => {
    await using there = await Elsewhere.create(system);
    for (const host of ["web", "2001:db8::7"]) {
      const { code, stderr } = await there.c3po(["key", "add", host], { stdin: `${KEY}\n` });
      assertEquals(code, 0, stderr);
    }
    assertEquals((await there.c3po(["key", "new"])).code, 0);
    const folder = {
      macos: "home/.config/c3po/",
      windows: "C:\\Users\\me\\AppData\\Roaming\\c3po\\",
    };
    const address = { macos: "2001:db8::7", windows: "2001_db8__7" };
    const names = [address[system], "default", "web"];
    assertEquals(await there.files(), names.map((name) => `${folder[system]}${name}.key`));
    const at = ["--at", "2026-11-22T00:00:00Z"];
    const secret = { env: { C3PO_SECRET: KEY } };
    const expected = await there.c3po(["port", "--all", ...at], secret);
    assertMatch(expected.stdout, /^(?:\d+\n){16}$/);
    for (const host of ["web", "2001:db8::7"]) {
      assertEquals(await there.c3po(["port", host, "--all", ...at]), DONE(expected.stdout));
    }
  });

  Deno.test(`on ${system} the Host block lands in the user's ssh_config`, async () => {
    await using there = await Elsewhere.create(system);
    const { code, stderr } = await there.c3po(["key", "add", "web", "--write"], {
      stdin: `${KEY}\n`,
    });
    assertEquals(code, 0, stderr);
    const folder = { macos: "home/.ssh/", windows: "C:\\Users\\me\\.ssh\\" }[system];
    const files = (await there.files()).filter((file) => file.startsWith(folder));
    assertEquals(files, [`${folder}c3po.conf`, `${folder}config`]);
    const [own, main] = await Promise.all(
      files.map((file) => Deno.readTextFile(join(there.folder, file))),
    );
    const end = { macos: "web.key %h\n", windows: 'web.key" %h\n' }[system];
    assertMatch(own!, /^Host web\n {2}ProxyCommand .*c3po"? proxy --key .*\n$/);
    assertEquals(own!.endsWith(end), true, own!);
    assertMatch(
      main!,
      {
        macos: /^Include \/.*\/home\/\.ssh\/c3po\.conf\n/,
        windows: /^Include c3po\.conf\n/,
      }[system],
    );
  });

  Deno.test(`on ${system} the block of an alias names its key as that system quotes it`, async () => {
    await using there = await Elsewhere.create(system);
    const config = join(there.folder, "aliases");
    await Deno.writeTextFile(config, "Host web\n  HostName www.example\n");
    await Deno.mkdir(join(there.folder, "bin"));
    const ssh = `#!/bin/sh\nexec $(PATH=\${PATH#*:} command -v ssh) -F '${config}' "$@"\n`;
    await Deno.writeTextFile(join(there.folder, "bin/ssh"), ssh, { mode: 0o755 });
    const { stdout } = await there.c3po(["key", "add", "web"], {
      stdin: `${KEY}\n`,
      env: { PATH: `${there.folder}/bin:${Deno.env.get("PATH")}` },
    });
    const key = {
      macos: join(there.folder, "home/.config/c3po/web.key"),
      windows: '"C:\\Users\\me\\AppData\\Roaming\\c3po\\web.key"',
    };
    assertEquals(
      stdout.replace('c3po" ', "c3po ").endsWith(`c3po proxy --key ${key[system]} %h\n`),
      true,
      stdout,
    );
  });
}
