import type { Platform } from "./permissions.ts";

/** A system that releases are made for. */
export interface Target {
  /** As in the name of the release file, and as `install.sh` detects it. */
  readonly name: string;
  readonly platform: Platform;
  /** What `deno compile --target` calls it. */
  readonly triple: string;
}

/** Servers run on Linux; elsewhere there are the client's commands. */
export const TARGETS: readonly Target[] = [
  { name: "linux-x86_64", platform: "linux", triple: "x86_64-unknown-linux-gnu" },
  { name: "linux-aarch64", platform: "linux", triple: "aarch64-unknown-linux-gnu" },
  { name: "macos-x86_64", platform: "macos", triple: "x86_64-apple-darwin" },
  { name: "macos-aarch64", platform: "macos", triple: "aarch64-apple-darwin" },
  { name: "windows-x86_64", platform: "windows", triple: "x86_64-pc-windows-msvc" },
];

/** The target that is this machine. */
export function ownTarget(): Target {
  const own = TARGETS.find(({ triple }) => triple === Deno.build.target);
  if (own === undefined) throw new Error(`no release is made for ${Deno.build.target}`);
  return own;
}
