import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { basename, join } from "@std/path";
import type { Facts } from "../../build/packages/facts.ts";
import { fill, TEMPLATES } from "../../build/packages/fill.ts";
import { TARGETS } from "../../build/targets.ts";
import { CHECKOUT, must, run } from "../kernel/lab.ts";

const ADDRESS = "https://releases.example/c3po/releases";
const FACTS: Facts = {
  version: "1.2.3-rc.1",
  maintainer: "Test <test@example.org>",
  epoch: 1_795_890_750,
  address: ADDRESS,
};
const ARCHIVES = TARGETS.map(({ name }) => `c3po-${name}.tar.gz`);
/** A checksum of its own for each archive. */
const SUMS = new Map(ARCHIVES.map((name, i) => [name, `${i}`.repeat(64)]));

async function filled(name: string): Promise<string> {
  return fill(await Deno.readTextFile(join(CHECKOUT, TEMPLATES[name]!)), FACTS, SUMS);
}

for (const name of Object.keys(TEMPLATES)) {
  Deno.test(`${name} of a release has nothing left to fill in`, async () => {
    assertEquals((await filled(name)).match(/@[A-Z0-9_]+(?: [\w.-]+)?@/g), null);
  });
}

for (const name of ["c3po.rb", "c3po.nix", "PKGBUILD"]) {
  Deno.test(`${name} of a release has the checksum beside each archive that it fetches`, async () => {
    const text = (await filled(name)).replaceAll("$url", ADDRESS).replaceAll("${target.name}", "");
    assert(text.includes(`${ADDRESS}/download/v1.2.3-rc.1/c3po-`));
    const wanted = ARCHIVES.filter((archive) =>
      archive.includes(name === "PKGBUILD" ? "linux" : "macos")
    );
    for (const archive of wanted) {
      const target = archive.replace(/^c3po-(.*)\.tar\.gz$/, "$1");
      const at = text.indexOf(SUMS.get(archive)!);
      assert(at >= 0, archive);
      const named = name === "PKGBUILD" ? target.replace("linux-", "sha256sums_") : target;
      assert(text.slice(Math.max(0, at - 200), at).includes(named), archive);
    }
  });
}

Deno.test("shells understand the PKGBUILD, shellcheck has nothing to say, and it packs a release", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-aur-" });
  try {
    for (const name of ["PKGBUILD", "c3po.install"]) {
      await Deno.writeTextFile(join(folder, name), await filled(name));
    }
    const clean = { code: 0, stdout: "", stderr: "" };
    const files = ["PKGBUILD", "c3po.install"];
    assertEquals(await run("shellcheck", files, { cwd: folder }), clean);
    assertEquals(await run("bash", ["-n", "PKGBUILD"], { cwd: folder }), clean);
    // What makepkg does with it: it reads the fields, and runs package() beside the unpacked archive.
    await must("install", ["-D", join(CHECKOUT, "LICENSE"), "share/doc/c3po/LICENSE"], {
      cwd: folder,
    });
    const unit = "lib/systemd/system/c3po.service";
    await must("install", ["-D", join(CHECKOUT, basename(unit)), unit], { cwd: folder });
    await must("install", ["-D", "-m", "755", "/bin/true", "bin/c3po"], { cwd: folder });
    const make =
      'set -eu; . ./PKGBUILD; pkgdir=$PWD/pkg; package; echo "$pkgname $pkgver ${options[*]}"';
    assertEquals(
      await must("bash", ["-c", make], { cwd: folder }),
      "c3po-bin 1.2.3_rc.1 !strip !debug\n",
    );
    const found = await must("find", [join(folder, "pkg"), "-type", "f", "-printf", "/%P\n"]);
    assertEquals(found.trim().split("\n").sort(), [
      "/usr/bin/c3po",
      "/usr/lib/systemd/system/c3po.service",
      "/usr/share/licenses/c3po-bin/LICENSE",
    ]);
    const text = await Deno.readTextFile(join(folder, "pkg/usr", unit));
    assertMatch(text, /^ExecStart=\/usr\/bin\/c3po serve$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a word that is not known, and a file without a checksum, are not passed over", () => {
  for (const template of ["@NAME@", "@SHA256 c3po-beos.tar.gz@"]) {
    assertThrows(() => fill(template, FACTS, SUMS), Error, template);
  }
  const { address: _, ...others } = FACTS;
  assertThrows(() => fill("@ADDRESS@", { ...others, address: undefined }, SUMS), Error);
});
