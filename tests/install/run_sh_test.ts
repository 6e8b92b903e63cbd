import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, must, run, waitFor } from "../kernel/lab.ts";

/** A checkout with tests/run.sh, and with a script in the place of Deno. */
class Place implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  /** @param test what stands in the script for `deno test` */
  static async create(test: string): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "c3po-run-" }));
    for (const folder of ["tests/one", "tests/schedule", "tools"]) {
      await Deno.mkdir(join(place.directory, folder), { recursive: true });
    }
    await Deno.copyFile(join(CHECKOUT, "tests/run.sh"), place.script);
    for (const name of ["one", "schedule"]) {
      await Deno.writeTextFile(join(place.directory, `tests/${name}/a_test.ts`), "");
    }
    const deno = join(place.directory, "deno");
    const text = `#!/bin/sh\n[ "$1" = test ] || exit 0\n${test}\n`;
    await Deno.writeTextFile(deno, text, { mode: 0o755 });
    const get = `#!/bin/sh\necho '${deno}'\n`;
    await Deno.writeTextFile(join(place.directory, "tools/get-deno.sh"), get, { mode: 0o755 });
    return place;
  }

  get script(): string {
    return join(this.directory, "tests/run.sh");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** A test that passes. */
const PASSED = 'echo "ok | 1 passed | 0 failed (0ms)"';

kernelTest(
  "what a c3po of this machine keeps is neither seen nor touched by the tests",
  async () => {
    const folders = "/etc/c3po /var/lib/c3po /run/c3po";
    const test =
      `for f in ${folders}; do ls $f && touch $f/of-a-test; done; env | grep C3PO_; ${PASSED}`;
    await using place = await Place.create(test);
    // A machine of its own, since this one may have none of it, and is to keep what it has.
    const script = [
      "mount -t tmpfs tmpfs /run && mkdir /run/c3po && touch /run/c3po/lock",
      'mkdir "$1/etc" && mount -t tmpfs tmpfs "$1/etc" && cp -a /etc/. "$1/etc"',
      'mount --bind "$1/etc" /etc',
      "mkdir -p /etc/c3po && echo secret >/etc/c3po/key",
      '"$2" tests/one && ls /etc/c3po /run/c3po',
    ].join(" && ");
    const args = ["-m", "sh", "-c", script, "sh", place.directory, place.script];
    const { code, stdout, stderr } = await run("unshare", args, {
      cwd: place.directory,
      env: { C3PO_KEY_FILE: "/etc/c3po/key", C3PO_SECRET: "secret" },
    });
    assertEquals(code, 0, stderr);
    const [before, after] = stdout.split("1 passed, 0 failed, 0 skipped\n");
    assertEquals(/\b(?:key|lock)$|C3PO_KEY_FILE|C3PO_SECRET/m.test(before!), false, before);
    assertEquals(after, "/etc/c3po:\nkey\n\n/run/c3po:\nlock\n");
  },
);

Deno.test("Ctrl-C ends all of the tests, and says so after what they said", async () => {
  // As Deno does, which tells what it was at.
  const test = 'trap "echo last words; exit 130" INT; echo begun; while :; do sleep 0.1; done';
  await using place = await Place.create(test);
  const child = new Deno.Command("script", {
    args: ["-qec", place.script, "/dev/null"],
    cwd: place.directory,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keys = child.stdin.getWriter();
  let said = "";
  const reading = (async () => {
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) said += part;
  })();
  await waitFor(() => said.includes("begun"), { what: "the first test" });
  await keys.write(new TextEncoder().encode("\x03"));
  await reading;
  await keys.close().catch(() => {});
  const { code } = await child.status;
  assertEquals(code, 130, said);
  assertEquals(said.match(/begun/g)?.length, 1, said);
  assertMatch(said, /last words\r\n(?:.*\r\n)*0 passed, 1 failed, 0 skipped\r\n.*interrupted/);
});

/** A run in which some tests fail; by itself each passes as often as it is told. */
function failing(names: readonly string[], passes: number): string {
  const lines = names.map((name) => `echo "./tests/one/a_test.ts => ${name} ... FAILED (3s)"`);
  const alone = `echo . >>alone; [ $(wc -l <alone) -le ${passes} ] || exit 1; ${PASSED}`;
  const all = `echo "FAILED | 4 passed | ${names.length} failed (1s)"; exit 1`;
  return `case "$*" in *--filter*) ${alone};; *) ${[...lines, all].join("; ")};; esac`;
}

Deno.test("a failed test passes only if it does so three times by itself, and is named then", async () => {
  const last = async (args: string[], names: string[], passes: number): Promise<string[]> => {
    await using place = await Place.create(failing(names, passes));
    const { code, stdout } = await run(place.script, [...args, "tests/one"], {
      cwd: place.directory,
    });
    const lines = stdout.trim().split("\n").filter((line) => /unsteady|skipped/.test(line));
    return [...lines, `code ${code}`];
  };
  const name = "bans: one, two";
  const unsteady = `unsteady, passed by itself: ./tests/one/a_test.ts => ${name}`;
  const failed = ["4 passed, 1 failed, 0 skipped", "code 1"];
  assertEquals(await last(["--again"], [name], 3), [
    unsteady,
    "5 passed, 0 failed, 0 skipped",
    "code 0",
  ]);
  assertEquals(await last(["--again"], [name], 2), failed);
  assertEquals(await last([], [name], 3), failed, "unless it is asked for, nothing runs again");
  assertEquals(await last(["--again"], ["a", "b", "c", "d"], 99), [
    "4 passed, 4 failed, 0 skipped",
    "code 1",
  ]);
});

kernelTest(
  "what a system has no package of is named, and keeps nothing else from being installed",
  async () => {
    await using place = await Place.create(PASSED);
    const bin = join(place.directory, "bin");
    await Deno.mkdir(bin);
    const put = (name: string, text: string): Promise<void> =>
      Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const [, needed] = /^NEEDED="([^"]*)"/m.exec(await Deno.readTextFile(place.script))!;
    for (const pair of needed!.trim().split(/\s+/)) await put(pair.split(":")[0]!, "");
    for (const missing of ["nmap", "fish", "wg"]) await Deno.remove(join(bin, missing));
    for (const tool of "bash cat chmod dirname grep id mktemp rm sed tr".split(" ")) {
      await Deno.symlink((await must("sh", ["-c", `command -v ${tool}`])).trim(), join(bin, tool));
    }
    await put("apt-cache", 'case $2 in fish) echo "E: No packages found" >&2; exit 100 ;; esac');
    await put("apt-get", `echo "$*" >>'${place.directory}/log'; [ "$1" = install ]`);
    const script = 'mount -t tmpfs tmpfs /usr/sbin && PATH=$1 && exec "$2" --prepare';
    const args = ["-m", "sh", "-c", script, "sh", bin, place.script];
    const { code, stderr } = await run("unshare", args, { cwd: place.directory });
    assertEquals(code, 0, stderr);
    const log = await Deno.readTextFile(join(place.directory, "log"));
    assertMatch(log, /^update -q\ninstall -qy --no-install-recommends nmap wireguard-tools\b.*\n$/);
    assertMatch(stderr, /^c3po: warning: apt-get update failed/m);
    assertMatch(stderr, /^c3po: warning: this system has no package "fish"/m);
  },
);
