import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import type { Facts } from "../../build/packages/facts.ts";
import { makeBom, type Package, packagesHere } from "../../build/packages/sbom.ts";
import { TARGETS } from "../../build/targets.ts";
import { CHECKOUT, run, type RunResult } from "../kernel/lab.ts";

const FACTS: Facts = {
  version: "1.2.3",
  maintainer: "Test <test@example.org>",
  epoch: 1_795_890_750,
  address: undefined,
};
const PINS = {
  "9.9.9": Object.fromEntries(TARGETS.map(({ triple }) => [triple, "ab".repeat(32)])),
};
const LOCK: { npm: Record<string, { integrity: string; dependencies?: string[] }> } = JSON.parse(
  await Deno.readTextFile(join(CHECKOUT, "deno.lock")),
);
const BOM = makeBom(FACTS, await packagesHere(), "9.9.9", PINS);
const LIBRARIES = BOM.components.filter(({ type }) => type === "library");

/** What the schema of CycloneDX 1.6 says of a document. */
async function check(document: unknown): Promise<RunResult> {
  const file = await Deno.makeTempFile({ suffix: ".cdx.json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(document));
    return await run(Deno.execPath(), ["task", "sbom", file], { cwd: CHECKOUT });
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the list of parts has each package of deno.lock, with its checksum, and no other", () => {
  const listed = LIBRARIES.map(({ name, version, hashes }) => {
    assertEquals(hashes!.map(({ alg }) => alg), ["SHA-512"]);
    const sum = Uint8Array.fromHex(hashes![0]!.content).toBase64();
    return [`${name}@${version}`, `sha512-${sum}`];
  });
  const locked = Object.entries(LOCK.npm).map(([id, { integrity }]) => [id, integrity]);
  assertEquals(listed.toSorted(), locked.toSorted());
});

Deno.test("each part has a purl, and a licence that free software may be made with", () => {
  for (const { name, version, purl, licenses } of LIBRARIES) {
    assertEquals(purl, `pkg:npm/${name.replace("@", "%40")}@${version}`);
    const [entry] = licenses!;
    const license = "license" in entry! ? entry.license.id : entry!.expression;
    assertMatch(license, /^(?:MIT|Apache-2\.0|BSD-\d-Clause|ISC)( OR [\w.-]+)?$/, name);
  }
});

Deno.test("what only tests use is told from what is in the program", async () => {
  const scopes = new Map(LIBRARIES.map(({ name, scope }) => [name, scope]));
  for (const name of ["deno-std", "valibot", "qr"]) assertEquals(scopes.get(name), "required");
  for (const name of ["fast-check", "playwright-core"]) assertEquals(scopes.get(name), "excluded");
  // Debian's package names the authors of all that is in it.
  const copyright = await Deno.readTextFile(
    join(CHECKOUT, "contrib/packaging/debian/copyright"),
  );
  const required = LIBRARIES.filter(({ scope }) => scope === "required").map(({ name }) => name);
  const std = "deno-std"; // by the authors of Deno
  for (const name of required.filter((each) => each !== std)) {
    assert(copyright.includes(`(${name})`), name);
  }
});

Deno.test("the runtime is a part too, with the checksum that the release is held to", () => {
  const [runtime] = BOM.components.filter(({ type }) => type === "platform");
  assertEquals(runtime!.purl, "pkg:github/denoland/deno@v9.9.9");
  assertEquals(
    runtime!.externalReferences!.map((
      { url, hashes },
    ) => [url, hashes!.map((each) => each.content)]),
    TARGETS.map(({ triple }) => [
      `https://dl.deno.land/release/v9.9.9/denort-${triple}.zip`,
      ["ab".repeat(32)],
    ]),
  );
});

Deno.test("whatever depends on something names a part that is there", () => {
  const refs = new Set(BOM.components.map((each) => each["bom-ref"]));
  const named = BOM.dependencies.flatMap(({ dependsOn }) => dependsOn);
  assertEquals(named.filter((ref) => !refs.has(ref)), []);
  assert(named.includes("deno@9.9.9"));
});

Deno.test("the list of parts is valid CycloneDX 1.6, and a mistake in it would be found", async () => {
  const { code, stderr } = await check(BOM);
  assertEquals(code, 0, stderr);
  const [first, ...others] = BOM.components;
  const wrong = { ...BOM, components: [{ ...first, type: "librar" }, ...others] };
  assertEquals((await check(wrong)).code, 1);
});

Deno.test("a package whose checksum is none is refused", () => {
  const one: Package = {
    name: "one",
    version: "1.0.0",
    dependencies: [],
    license: "MIT",
    integrity: "sha1-AAAA",
    isUsed: true,
  };
  assertThrows(() => makeBom(FACTS, [one], "9.9.9"), Error, "sha1-AAAA");
});
