import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, denoDirectory, must, run, type RunResult } from "../kernel/lab.ts";
import { bundle } from "../../build/bundle.ts";

/** Where the versions of Deno keep the esbuild that they bundle with. */
const PLACES = ["esbuild-0.25.5-1", "esbuild-0.25.5"];
const FILE = `esbuild-${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
const NAME = `@${FILE.replace("-", "/")}`;

/** A folder for a Deno that has fetched nothing yet, something to bundle, and a registry of npm. */
class Place implements AsyncDisposable {
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;

  private constructor(readonly directory: string) {}

  static async create(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "c3po-esbuild-" }));
    await Deno.mkdir(join(place.directory, "build"));
    for (const file of ["bundle.ts", "esbuild.ts", "run.ts", "runtime.ts", "runtimes.json"]) {
      const from = join(CHECKOUT, "build", file);
      await Deno.copyFile(from, join(place.directory, "build", file)).catch(() => {});
    }
    await Deno.writeTextFile(join(place.directory, "deno.json"), "{}");
    await Deno.writeTextFile(join(place.directory, "main.ts"), "console.log('bundled');");
    return place;
  }

  /** What an esbuild of somebody else's makes when it is run. */
  get ran(): string {
    return join(this.directory, "ran");
  }

  get impostor(): string {
    return `#!/bin/sh\ntouch '${this.ran}'\nexit 1\n`;
  }

  async put(path: string, content: string | Uint8Array): Promise<void> {
    const file = join(this.directory, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(file, bytes, { mode: 0o755 });
  }

  /** Serves a package of this machine's esbuild that holds a program of somebody else's. */
  async serveImpostor(): Promise<void> {
    await this.put("made/package/bin/esbuild", this.impostor);
    await this.put("made/package/package.json", JSON.stringify({ name: NAME, version: "0.25.5" }));
    await must("tar", ["-czf", join(this.directory, "made.tgz"), "-C", this.made, "package"]);
    const archive = await Deno.readFile(join(this.directory, "made.tgz"));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", archive));
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      if (request.url.endsWith(".tgz")) return new Response(archive);
      const dist = {
        tarball: `${this.registry}/esbuild.tgz`,
        integrity: `sha512-${hash.toBase64()}`,
      };
      const versions = { "0.25.5": { name: NAME, version: "0.25.5", dist } };
      return Response.json({ name: NAME, "dist-tags": { latest: "0.25.5" }, versions });
    });
  }

  get made(): string {
    return join(this.directory, "made");
  }

  /** Where the registry is, if there is one. */
  get registry(): string {
    return `http://127.0.0.1:${this.#server?.addr.port ?? 0}`;
  }

  async bundle(): Promise<RunResult & { ran: boolean; made: boolean }> {
    const output = join(this.directory, "made.js");
    const script = `const { bundle } = await import("./build/bundle.ts");` +
      `await bundle(${JSON.stringify(output)});`;
    const result = await run(Deno.execPath(), ["eval", "--no-lock", script], {
      cwd: this.directory,
      env: { DENO_DIR: join(this.directory, "deno"), NPM_CONFIG_REGISTRY: this.registry },
    });
    const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
    return { ...result, ran: await exists(this.ran), made: await exists(output) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.shutdown();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** The esbuild whose checksum is known, from where an earlier build has put it. */
const genuine: Promise<Uint8Array<ArrayBuffer>> = (async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-esbuild-" });
  try {
    await bundle(join(folder, "login.js"), "login.ts");
    const kept = PLACES.map((place) => join(denoDirectory(), "dl", place, FILE));
    return await Promise.any(kept.map((file) => Deno.readFile(file)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
})();

Deno.test("an esbuild that the registry serves is not run unless its checksum is the known one", async () => {
  await using place = await Place.create();
  await place.serveImpostor();
  const { code, stderr, ran, made } = await place.bundle();
  assertEquals({ code, ran, made }, { code: 1, ran: false, made: false });
  assertMatch(stderr, /@esbuild\/\S+ has the checksum [0-9a-f]{64}, and should have [0-9a-f]{64}/);
});

Deno.test("an esbuild that lies in Deno's folder is not run unless its checksum is the known one", async () => {
  await using place = await Place.create();
  for (const folder of PLACES) await place.put(`deno/dl/${folder}/${FILE}`, place.impostor);
  const { code, ran, made } = await place.bundle();
  assertEquals({ code, ran, made }, { code: 1, ran: false, made: false });
});

for (const folder of PLACES) {
  Deno.test(`the known esbuild is found in ${folder}, without a registry`, async () => {
    await using place = await Place.create();
    await place.put(`deno/dl/${folder}/${FILE}`, await genuine);
    const { code, stderr, made } = await place.bundle();
    assertEquals({ code, made }, { code: 0, made: true }, stderr);
    const left = (await Array.fromAsync(Deno.readDir(join(place.directory, "deno")))).map((entry) =>
      entry.name
    );
    assertEquals(left.filter((name) => name.startsWith("c3po-")), []);
  });
}

Deno.test("a Deno that looks elsewhere for its esbuild bundles nothing, and fetches none", async () => {
  await using place = await Place.create();
  await place.serveImpostor();
  await place.put(`deno/dl/${PLACES[0]}/${FILE}`, await genuine);
  const file = join(place.directory, "build/esbuild.ts");
  const text = await Deno.readTextFile(file);
  const elsewhere = text.replace(/^(const PLACES = ).*$/m, '$1["esbuild-0.1.2"];');
  assert(elsewhere !== text);
  await Deno.writeTextFile(file, elsewhere);
  await place.put(`deno/dl/esbuild-0.1.2/${FILE}`, await genuine);
  const { code, stderr, ran, made } = await place.bundle();
  assertEquals({ code, ran, made }, { code: 1, ran: false, made: false });
  assertMatch(stderr, /Deno [\d.]+ bundles with an esbuild that no checksum is known of/);
});
