/**
 * Compares the runtime that `deno compile` puts before the program with its checksum: Deno itself takes
 * whatever lies in its folder, or whatever its site answers.
 */
import pinned from "./runtimes.json" with { type: "json" };
import type { Target } from "./targets.ts";

/** SHA-256 of archives of Deno's runtime, in hexadecimal digits, by version and then by triple. */
export type Pins = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where Deno keeps the runtimes it has fetched, or was given. */
export interface Kept {
  /** The folder of Deno, `$DENO_DIR`. */
  readonly folder: string;
  /** Deno's version, such as `2.9.6`. */
  readonly version: string;
}

/** A runtime that must not become part of a program. */
export class WrongRuntime extends Error {
  override readonly name = "WrongRuntime";
}

/**
 * Looks at the archive of a target's runtime.
 *
 * @param isRelease whether a runtime without a checksum is refused, as one with another always is
 * @throws {WrongRuntime} if it is refused
 */
export async function checkRuntime(
  target: Target,
  isRelease: boolean,
  kept: Kept,
  pins: Pins = pinned,
): Promise<void> {
  const { version } = kept;
  const file = archiveOf(target, kept);
  const bytes = await Deno.readFile(file);
  const sum = await sha256(bytes);
  const known = pins[version]?.[target.triple];
  if (known === undefined && isRelease) {
    throw new WrongRuntime(
      `build/runtimes.json has no checksum for ${target.triple} of Deno ${version}; ` +
        `here it is ${sum}: compare it with what Deno publishes, then put it there`,
    );
  }
  if (known !== undefined && known !== sum) {
    throw new WrongRuntime(`"${file}" has the checksum ${sum}, and should have ${known}`);
  }
}

/**
 * Whether a target's runtime has a checksum, or somebody has put it where Deno looks for it. Any
 * other would be what Deno's site answers, and nobody would have compared it with anything.
 */
export async function isAtHand(target: Target, kept: Kept, pins: Pins = pinned): Promise<boolean> {
  if (pins[kept.version]?.[target.triple] !== undefined) return true;
  return await Deno.stat(archiveOf(target, kept)).then(() => true, () => false);
}

/** Where Deno keeps a target's runtime, and looks for it before it asks its site. */
function archiveOf({ triple }: Target, { folder, version }: Kept): string {
  return `${folder}/dl/release/v${version}/denort-${triple}.zip`;
}

/** Where the Deno that runs this keeps its runtimes. */
export async function keptHere(): Promise<Kept> {
  const info = new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" });
  const { denoDir } = JSON.parse(new TextDecoder().decode((await info.output()).stdout));
  return { folder: denoDir, version: Deno.version.deno };
}

/** SHA-256 of some bytes, in hexadecimal digits, as `sha256sum` prints it. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
