/**
 * Makes the program one file: `deno task compile` makes `dist/c3po` for this machine,
 * `deno task compile TARGET…` or `--all` the archives of a release and their checksums.
 */
import { bundleInParts } from "./bundle.ts";
import { compile } from "./compile.ts";
import { archive, checksums } from "./pack.ts";
import { ownTarget, type Target, TARGETS } from "./targets.ts";

const PARTS = "dist/parts";

function targetNamed(name: string): Target {
  const target = TARGETS.find((known) => known.name === name);
  if (target !== undefined) return target;
  throw new Error(`unknown target "${name}": there are ${TARGETS.map((t) => t.name).join(", ")}`);
}

if (import.meta.main) {
  const targets = Deno.args[0] === "--all" ? TARGETS : Deno.args.map(targetNamed);
  const program = await bundleInParts(PARTS);
  if (targets.length === 0) await compile(program, ownTarget(), "dist/c3po");
  for (const target of targets) await archive(program, target);
  if (targets.length > 0) await checksums();
}
