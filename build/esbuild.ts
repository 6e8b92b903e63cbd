/**
 * Holds `deno bundle` to one esbuild: Deno itself runs whatever lies in its folder, or whatever the
 * registry of npm answers, without a checksum of ours.
 */
import { run } from "./run.ts";
import { type Kept, keptHere, sha256 } from "./runtime.ts";

const VERSION = "0.25.5";

/** Where the versions of Deno look for it below `$DENO_DIR/dl`: from 2.9.6 on, and before. */
const PLACES = ["esbuild-0.25.5-1", "esbuild-0.25.5"];

/** What npm calls a platform, and SHA-256 of `bin/esbuild` in its package, by Deno's name of it. */
const PINS: Readonly<Record<string, readonly [platform: string, sha256: string]>> = {
  "x86_64-unknown-linux-gnu": [
    "linux-x64",
    "3331e0b23c99d93d9a39e436a4838de40ca1c95ac3bcbd9874ba169d8545b634",
  ],
  "aarch64-unknown-linux-gnu": [
    "linux-arm64",
    "d6d656d9326ce1c55c01f73604a3cffda35c63cce60016e9ed795ac91cd1e67d",
  ],
  "x86_64-apple-darwin": [
    "darwin-x64",
    "e7b2a105f88836f1e080a76180e5cd8e59d1c22f6575d63f5a77a104954c427e",
  ],
  "aarch64-apple-darwin": [
    "darwin-arm64",
    "58d144357454bca840167171380785b133b1e5e682d0c51afa8c80158bfd3f8a",
  ],
};

/**
 * Makes a folder for Deno in which there is the known esbuild and no other.
 *
 * @returns its path, for `$DENO_DIR`; it is gone after the scope that is `using` it
 * @throws {Error} if that esbuild is not to be had, or this Deno would run another
 */
export async function folderWithEsbuild(): Promise<AsyncDisposable & { readonly path: string }> {
  const pin = PINS[Deno.build.target];
  if (pin === undefined) throw new Error(`no esbuild is known for ${Deno.build.target}`);
  const kept = await keptHere();
  await Deno.mkdir(`${kept.folder}/npm`, { recursive: true });
  // In there, because what lies in a folder for temporary files may not be allowed to run.
  const path = await Deno.makeTempDir({ dir: kept.folder, prefix: "c3po-" });
  const remove = () => Deno.remove(path, { recursive: true });
  try {
    const program = await keptEsbuild(kept, ...pin) ?? await fetchEsbuild(kept, path, ...pin);
    for (const place of PLACES) await put(`${path}/dl/${place}/esbuild-${pin[0]}`, program);
    await mustBeTaken(path, kept);
    await Deno.remove(`${path}/npm`, { recursive: true }).catch(() => {}); // Deno has made it
    await Deno.symlink(`${kept.folder}/npm`, `${path}/npm`);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: remove };
}

/** What an earlier build, or Deno by itself, has kept, if it is the one that is meant. */
async function keptEsbuild(
  { folder }: Kept,
  platform: string,
  pinned: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (const place of PLACES) {
    const file = `${folder}/dl/${place}/esbuild-${platform}`;
    const program = await Deno.readFile(file).catch(() => undefined);
    if (program !== undefined && await sha256(program) === pinned) return program;
  }
  return undefined;
}

/** Gets it from npm, and keeps it where Deno does. */
async function fetchEsbuild(
  { folder }: Kept,
  path: string,
  platform: string,
  pinned: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = `@esbuild/${platform}@${VERSION}`;
  const fetched = `${path}/fetched`; // a folder of its own, so that nothing else is found in it
  const args = ["cache", "--quiet", "--no-config", "--no-lock", `npm:${name}`];
  await run(Deno.execPath(), args, { env: { DENO_DIR: fetched } });
  // Its folder is called after the registry.
  const find = new Deno.Command("find", { args: [fetched, "-path", "*/bin/esbuild"] });
  const file = new TextDecoder().decode((await find.output()).stdout).trim();
  const program = await Deno.readFile(file);
  const sum = await sha256(program);
  if (sum !== pinned) {
    throw new Error(
      `npm's ${name} has the checksum ${sum}, and should have ${pinned}: it is not run; ` +
        "ask where npm gets its packages",
    );
  }
  const whole = `${path}/esbuild`; // so that nobody finds half of it
  await put(whole, program);
  await Deno.mkdir(`${folder}/dl/${PLACES[0]}`, { recursive: true });
  await Deno.rename(whole, `${folder}/dl/${PLACES[0]}/esbuild-${platform}`);
  return program;
}

/** Lets Deno bundle nothing, with no registry: without what is in the folder it would fail. */
async function mustBeTaken(path: string, { version }: Kept): Promise<void> {
  await Deno.writeTextFile(`${path}/nothing.js`, "");
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--no-config", "--no-lock", `--output=${path}/nothing.out.js`, "nothing.js"],
    cwd: path,
    // Nor a setting of npm, which could name a registry.
    env: { DENO_DIR: path, HOME: path, NPM_CONFIG_REGISTRY: "http://127.0.0.1:0" },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (success) return;
  throw new Error(
    `Deno ${version} bundles with an esbuild that no checksum is known of: build with the Deno ` +
      "of tools/get-deno.sh, which npm brings if there is none on PATH",
  );
}

async function put(file: string, program: Uint8Array): Promise<void> {
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(file, program, { mode: 0o755 });
}
