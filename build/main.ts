/**
 * Makes the program one file: `deno task compile` makes `dist/c3po` for this machine,
 * `deno task compile TARGET…` or `--all` the archives of a release and their checksums.
 */
import { bundleInParts } from "./bundle.ts";
import { compile } from "./compile.ts";
import { archive, checksums } from "./pack.ts";
import { ownTarget, type Target, TARGETS } from "./targets.ts";

function targetNamed(name: string): Target {
  const target = TARGETS.find((known) => known.name === name);
  if (target !== undefined) return target;
  throw new Error(`unknown target "${name}": there are ${TARGETS.map((t) => t.name).join(", ")}`);
}

if (import.meta.main) {
  const targets = Deno.args[0] === "--all" ? TARGETS : Deno.args.map(targetNamed);
  const script = await bundleInParts("dist/parts");
  if (targets.length === 0) await compile(script, ownTarget(), "dist/c3po");
  for (const target of targets) await archive(script, target);
  if (targets.length > 0) await checksums();
}
