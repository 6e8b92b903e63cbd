import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { bundle } from "../../build/bundle.ts";
import {
  c3poCommand,
  kernelTest,
  Lab,
  run,
  type RunResult,
  startServe,
  startSshd,
} from "../kernel/lab.ts";

const KEY = "classic:a secret of the installation tests";

/**
 * Runs `c3po serve` where `/etc/c3po` has this alone: under a service manager, or in a terminal.
 */
async function serve(
  files: Record<string, string>,
  manager: boolean,
  env: Record<string, string> = {},
  command: readonly string[] = [...c3poCommand(), "serve"],
): Promise<RunResult> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-not-retryable-" });
  try {
    const [etc, runtime] = ["etc", "run"].map((name) => join(folder, name));
    await Deno.chmod(folder, 0o755);
    for (const each of [etc!, runtime!]) await Deno.mkdir(each);
    await Deno.mkdir(join(etc!, "c3po"), { mode: 0o700 });
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(etc!, "c3po", name), text, { mode: 0o600 });
    }
    const script = 'cp -a -n /etc/. "$1" && mount --bind "$1" /etc && shift && exec "$@"';
    return await run("unshare", ["-m", "-n", "sh", "-c", script, "sh", etc!, ...command], {
      env: {
        ...manager ? { NOTIFY_SOCKET: join(folder, "notify") } : {},
        RUNTIME_DIRECTORY: runtime!,
        STATE_DIRECTORY: runtime!,
        ...env,
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What only a person can mend. */
const WRONG: Record<string, [RegExp, Record<string, string>, Record<string, string>?]> = {
  "a misspelled setting": [/unknown setting "trap" in .*server\.toml/, {
    "server.toml": "trap = 15\n",
    key: KEY,
  }],
  "a file that is not TOML": [/server\.toml is not TOML/, {
    "server.toml": "traps 15\n",
    key: KEY,
  }],
  "a wrong value of a variable": [/"many"/, { key: KEY }, { C3PO_TRAPS: "many" }],
  "no key": [/no key file/, {}],
};

for (const [what, [told, files, env]] of Object.entries(WRONG)) {
  kernelTest(`${what} ends the service for good, and fails in a terminal`, async () => {
    for (const [manager, expected] of [[true, 2], [false, 1]] as const) {
      const { code, stderr } = await serve(files, manager, env);
      assertMatch(stderr, told);
      assertEquals(code, expected, stderr);
    }
  });
}

kernelTest(
  "a disk that cannot be read for a moment does not end the service for good",
  async () => {
    for (const manager of [true, false]) {
      const { code, stderr } = await serve({}, manager, { C3PO_KEY_FILE: "/proc/self/mem" });
      assertMatch(stderr, /cannot read "\/proc\/self\/mem": .*\(os error 5\)|input\/output error/i);
      assertEquals(code, 1, stderr);
    }
  },
);

kernelTest("a serve in a terminal ends the service for good, and goes on itself", async () => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serving = await startServe(lab.server);
  const second = async (env: Record<string, string>): Promise<number> =>
    (await lab.server.c3po(["serve", "--key", serving.keyFile], { env })).code;
  assertEquals(await second({ NOTIFY_SOCKET: "/nonexistent/notify" }), 2);
  assertEquals(await second({}), 1);
  assertEquals((await serving.stop()).code, 0);
});

kernelTest(
  "a user who may not read the settings gets a preview without them, and a warning",
  async () => {
    // Such a user needs a c3po of their own.
    const folder = await Deno.makeTempDir({ prefix: "c3po-nobody-" });
    try {
      await Deno.chmod(folder, 0o755);
      await Deno.copyFile(Deno.execPath(), join(folder, "deno"));
      await bundle(join(folder, "c3po.js"));
      const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
      const program = [join(folder, "deno"), "run", "-A", "--no-config", join(folder, "c3po.js")];
      const { code, stdout, stderr } = await serve(
        { "server.toml": "traps = 99\n", key: KEY },
        false,
        { C3PO_SECRET: KEY, HOME: "/nonexistent", DENO_DIR: "/nonexistent" },
        [...nobody, ...program, "serve", "--dry-run"],
      );
      assertEquals(code, 0, stderr);
      assertMatch(stdout, /^create c3po-|^table inet c3po/m);
      assertMatch(
        stderr,
        /^c3po: warning: cannot read "\/etc\/c3po\/server\.toml": permission denied; .*\nc3po: warning: "\/etc\/c3po\/users": cannot read .*: permission denied\n$/,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
