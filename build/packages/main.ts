/**
 * Makes what a release has besides its archives, from what `deno task compile` left in `dist`:
 * `deno task packages [--address URL] [--fast]`.
 *
 * The packages are those of the Linux targets that are there. With the address of the releases the files
 * for other package managers are filled in too, which needs every archive. Ends with the checksums of all
 * that is in `dist`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { checksums } from "../pack.ts";
import { TARGETS } from "../targets.ts";
import { makeDeb } from "./deb.ts";
import { answer, factsHere } from "./facts.ts";
import { fill, TEMPLATES } from "./fill.ts";
import { makeRpm } from "./rpm.ts";
import { makeBom, packagesHere } from "./sbom.ts";

/** The list of parts, in `dist` and in each package. */
const SBOM = "dist/c3po.cdx.json";

if (import.meta.main) {
  const { address, fast } = parseArgs(Deno.args, { string: ["address"], boolean: ["fast"] });
  const facts = await factsHere(address);
  const [, runtime] = /^deno (\S+)/.exec(
    await answer(Deno.env.get("C3PO_COMPILER") ?? Deno.execPath(), ["--version"]),
  )!;
  const bom = makeBom(facts, await packagesHere(), runtime!);
  await Deno.writeTextFile(SBOM, JSON.stringify(bom, null, 2) + "\n");
  for (const { name, platform } of TARGETS) {
    const tree = `dist/c3po-${name}`;
    if (platform !== "linux" || !await Deno.stat(tree).then(() => true, () => false)) continue;
    const [, processor] = name.split("-");
    const source = { tree, processor: processor!, sbom: SBOM, isFast: fast };
    for (const make of [makeDeb, makeRpm]) await make(source, facts);
  }
  const sums = await checksums();
  if (address === undefined) Deno.exit();
  for (const [name, template] of Object.entries(TEMPLATES)) {
    await Deno.writeTextFile(`dist/${name}`, fill(await Deno.readTextFile(template), facts, sums));
  }
  await checksums();
}
