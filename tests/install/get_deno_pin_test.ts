import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, must, run, type RunResult } from "../kernel/lab.ts";

/** What each machine's Deno lies in, below node_modules, by what `uname -s` and `uname -m` say. */
const MACHINES = {
  "Linux x86_64": "@deno/linux-x64-glibc",
  "Linux aarch64": "@deno/linux-arm64-glibc",
  "Darwin x86_64": "@deno/darwin-x64",
  "Darwin arm64": "@deno/darwin-arm64",
} as const;

/** A script in the place of Deno, that passes for one and tells when it is run. */
function impostor(ran: string): string {
  return `#!/bin/sh\ntouch '${ran}'\necho 'deno 9.9.9 (stable)'\n`;
}

/** A copy of get-deno.sh in a checkout of its own, on a machine of some kind. */
class Place implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  static async create(machine: string): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "c3po-pin-" }));
    for (const folder of ["tools", "bin", "into"]) await Deno.mkdir(join(place.directory, folder));
    await Deno.copyFile(
      join(CHECKOUT, "tools/get-deno.sh"),
      join(place.directory, "tools/get-deno.sh"),
    );
    for (
      const tool of ["chmod", "cp", "gzip", "mkdir", "mv", "rm", "sed", "sha256sum", "tar", "touch"]
    ) {
      await Deno.symlink(`/usr/bin/${tool}`, join(place.directory, "bin", tool));
    }
    const [system, processor] = machine.split(" ");
    const uname = `#!/bin/sh\nif [ "$1" = -s ]; then echo ${system}; else echo ${processor}; fi\n`;
    await place.program("bin/uname", uname);
    return place;
  }

  get ran(): string {
    return join(this.directory, "ran");
  }

  async program(path: string, text: string): Promise<void> {
    await Deno.mkdir(dirname(join(this.directory, path)), { recursive: true });
    await Deno.writeTextFile(join(this.directory, path), text, { mode: 0o755 });
  }

  /** An npm that brings what somebody else has made, and tells what it was asked for. */
  async npm(files: readonly string[]): Promise<void> {
    for (const file of files) await this.program(`made/package/${file}`, impostor(this.ran));
    await must("tar", ["-czf", join(this.directory, "made.tgz"), "-C", this.made, "package"]);
    const asked = `echo "$*" >'${this.directory}/asked'`;
    const brings = `cp '${this.directory}/made.tgz' deno.tgz`;
    await this.program("bin/npm", `#!/bin/sh\n${asked}\n${brings}\n`);
  }

  get made(): string {
    return join(this.directory, "made");
  }

  async getDeno(): Promise<RunResult & { ran: boolean }> {
    const args = [join(this.directory, "tools/get-deno.sh"), join(this.directory, "into")];
    const result = await run("/bin/sh", args, { env: { PATH: join(this.directory, "bin") } });
    return { ...result, ran: await Deno.stat(this.ran).then(() => true, () => false) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

for (const [machine, own] of Object.entries(MACHINES)) {
  Deno.test(`on ${machine} no deno from npm is run whose checksum is another`, async () => {
    await using place = await Place.create(machine);
    await place.npm(["deno"]);
    const { code, stdout, stderr, ran } = await place.getDeno();
    assertEquals({ code, stdout, ran }, { code: 1, stdout: "", ran: false });
    // To install a package is to install what it names, and npm runs git for that as they tell it to.
    const asked = await Deno.readTextFile(join(place.directory, "asked"));
    assertMatch(asked, new RegExp(`^pack .*--ignore-scripts ${own}@[\\d.]+\n$`));
    assertMatch(
      stderr,
      /^fetching deno \S+ with npm\nc3po: error: the deno \S+ that npm fetched has the wrong checksum\n/,
    );
  });

  Deno.test(`on ${machine} nothing else in the package is taken for the deno that is meant`, async () => {
    await using place = await Place.create(machine);
    await place.npm(["bin/deno", "package/deno", "deno.cjs"]);
    const { code, stdout, stderr, ran } = await place.getDeno();
    assertEquals({ code, stdout, ran }, { code: 1, stdout: "", ran: false });
    assertMatch(
      stderr,
      /^fetching deno \S+ with npm\nc3po: error: npm has no deno \S+ for this machine/,
    );
  });

  Deno.test(`on ${machine} what lies in the folder already is compared before it is run`, async () => {
    await using place = await Place.create(machine);
    for (const where of ["into/node_modules", ".cache/node_modules"]) {
      await place.program(`${where}/${own}/deno`, impostor(place.ran));
    }
    const { code, stdout, stderr, ran } = await place.getDeno();
    assertEquals({ code, stdout, ran }, { code: 1, stdout: "", ran: false });
    assertMatch(stderr, /^c3po: error: deno 2\.7 or newer is missing, and so is npm/);
  });
}

Deno.test("a machine that no deno is known for is told so, before npm is asked", async () => {
  await using place = await Place.create("Linux riscv64");
  await place.npm(["deno"]);
  const { code, stderr, ran } = await place.getDeno();
  assertEquals({ code, ran }, { code: 1, ran: false });
  assertMatch(stderr, /^c3po: error: no deno is known for this machine \(Linux riscv64\)\n/);
});

Deno.test("a deno whose checksum is right is taken, and copied from where tests/run.sh keeps it", async () => {
  const script = await Deno.readTextFile(join(CHECKOUT, "tools/get-deno.sh"));
  await using place = await Place.create("Linux x86_64");
  const own = MACHINES["Linux x86_64"];
  await place.program(`.cache/node_modules/${own}/deno`, impostor(place.ran));
  const [sum] =
    (await must("sha256sum", [join(place.directory, `.cache/node_modules/${own}/deno`)])).split(
      " ",
    );
  const known = script.replace(/(pin linux-x64-glibc )\w+/, `$1${sum}`);
  await place.program("tools/get-deno.sh", known);
  const { code, stdout, stderr, ran } = await place.getDeno();
  assertEquals({ code, stderr, ran }, { code: 0, stderr: "", ran: false });
  assertEquals(stdout, join(place.directory, `into/node_modules/${own}/deno\n`));
});
