import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, must, type RunResult } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

const NAMESPACE = "c3po-release";
const SCRIPT = await Deno.readTextFile(join(CHECKOUT, "install.sh"));

/** A server of signed releases, and an install.sh that has the key. */
class Signed implements AsyncDisposable {
  private constructor(readonly scene: Scene, readonly script: string) {}

  static async create(): Promise<Signed> {
    const scene = await Scene.create();
    const key = await newKey(scene, "key");
    return new Signed(scene, SCRIPT.replace(/^SIGNER=$/m, `SIGNER='${key}'`));
  }

  /** Publishes a release, and signs its checksums. */
  async publish(version: string, key = "key", namespace = NAMESPACE): Promise<void> {
    await this.scene.publish(version, script(version));
    const sums = this.scene.answers.get(this.scene.sums) as Uint8Array<ArrayBuffer>;
    const file = join(this.scene.directory, "SHA256SUMS");
    await Deno.writeFile(file, sums);
    const path = join(this.scene.directory, key);
    await must("ssh-keygen", ["-q", "-Y", "sign", "-n", namespace, "-f", path, file]);
    const signature = await Deno.readFile(`${file}.sig`);
    await Deno.remove(`${file}.sig`);
    for (const folder of ["/latest/download", `/download/v${version}`]) {
      this.scene.answers.set(`${folder}/SHA256SUMS.sig`, signature);
    }
  }

  async install(env: Record<string, string> = {}): Promise<RunResult> {
    return await this.scene.install(env, this.script);
  }

  /** What is asked for of an archive, and what is there in the end. */
  async installed(): Promise<{ version: string | null; asked: boolean }> {
    const asked = this.scene.asked.some((path) => path.endsWith(".tar.gz"));
    return { version: await this.scene.version(), asked };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
  }
}

/** Makes a key in the folder of a scene. @returns the public one, as a release has it in install.sh */
async function newKey({ directory }: Scene, name: string): Promise<string> {
  const path = join(directory, name);
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", path]);
  return (await Deno.readTextFile(`${path}.pub`)).split(" ").slice(0, 2).join(" ");
}

Deno.test("a release signed with the key that install.sh has is installed", async () => {
  await using signed = await Signed.create();
  await signed.publish("1.0.0");
  const { code, stdout, stderr } = await signed.install();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout.includes("not checked"), false);
  assertEquals(await signed.installed(), { version: "c3po 1.0.0", asked: true });
});

/** How the signature of a release can be wrong, and what the user is told. */
const WRONG: Readonly<Record<string, [RegExp, (signed: Signed) => Promise<unknown>]>> = {
  "has checksums that were changed after they were signed": [
    /SHA256SUMS has not been signed with the key of the releases/,
    async (signed) => {
      await signed.publish("1.0.0");
      await signed.scene.publish("1.0.0", script("6.6.6")); // with checksums that fit
    },
  ],
  "is signed with another key": [
    /SHA256SUMS has not been signed with the key of the releases/,
    async (signed) => {
      await newKey(signed.scene, "other");
      await signed.publish("1.0.0", "other");
    },
  ],
  "has a signature that was made for something else": [
    /SHA256SUMS has not been signed with the key of the releases/,
    (signed) => signed.publish("1.0.0", "key", "git"),
  ],
  "has something else in the place of a signature": [
    /SHA256SUMS has not been signed with the key of the releases/,
    async (signed) => {
      await signed.publish("1.0.0");
      signed.scene.answers.set(
        "/latest/download/SHA256SUMS.sig",
        new TextEncoder().encode("yes\n"),
      );
    },
  ],
  "has no signature": [/cannot fetch .*\/SHA256SUMS\.sig/, async (signed) => {
    await signed.publish("1.0.0");
    signed.scene.answers.delete("/latest/download/SHA256SUMS.sig");
  }],
};

for (const [what, [told, publish]] of Object.entries(WRONG)) {
  Deno.test(`a release that ${what} is refused before its archive is fetched`, async () => {
    await using signed = await Signed.create();
    await publish(signed);
    const { code, stderr } = await signed.install();
    assertEquals(code, 1, stderr);
    assertMatch(stderr, new RegExp(`^c3po: error: ${told.source}.*\nc3po: hint: nothing is `, "m"));
    assertEquals(await signed.installed(), { version: null, asked: false });
  });
}

Deno.test("an old release does not pass for another that was asked for, signed as it is", async () => {
  await using signed = await Signed.create();
  await signed.publish("1.0.0");
  for (const [path, answer] of signed.scene.answers) {
    signed.scene.answers.set(path.replace("v1.0.0", "v2.0.0"), answer);
  }
  const { code, stderr } = await signed.install({ C3PO_VERSION: "2.0.0" });
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /^c3po: error: the release 2\.0\.0 has the program of 1\.0\.0\n/);
  assertEquals(await signed.scene.version(), null);
});

/** Programs in the place of ssh-keygen. */
const WITHOUT: Readonly<Record<string, string>> = {
  "is none": "exec ssh-keygen-of-no-machine",
  "is an old one": 'echo "unknown option -- Y" >&2; exit 1',
};

for (const [what, text] of Object.entries(WITHOUT)) {
  Deno.test(`where there ${what}, a ssh-keygen that cannot check, the checksum is all, and that is told`, async () => {
    await using signed = await Signed.create();
    await signed.publish("1.0.0");
    const bin = join(signed.scene.directory, "bin");
    await Deno.mkdir(bin);
    await Deno.writeTextFile(join(bin, "ssh-keygen"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const { code, stdout } = await signed.install({ PATH: `${bin}:${Deno.env.get("PATH")}` });
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^the signature of the release is not checked, only checksums: there is no ssh-keygen of OpenSSH 8\.1 or newer$/m,
    );
    assertEquals(await signed.scene.version(), "c3po 1.0.0");
  });
}

Deno.test("an install.sh without a key checks the checksum alone, and says so in one line", async () => {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const { code, stdout } = await scene.install();
  assertEquals(code, 0);
  assertEquals(stdout.match(/^.*not checked.*$/gm), [
    "the signature of the release is not checked, only checksums: this install.sh has no key",
  ]);
  assertEquals(scene.asked.includes("/latest/download/SHA256SUMS.sig"), false);
});
