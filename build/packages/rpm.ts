import { run } from "../run.ts";
import { type Facts, sorted } from "./facts.ts";
import { type Layout, makeRoot } from "./root.ts";
import type { Source } from "./source.ts";

const LAYOUT: Layout = {
  zsh: "site-functions",
  license: "licenses/c3po/LICENSE",
  changelog: "CHANGELOG.md",
};

/**
 * Makes the package of Fedora, RHEL, SUSE and what comes from them, by `rpmbuild`.
 */
export async function makeRpm(
  { tree, processor, sbom, isFast }: Source,
  facts: Facts,
): Promise<void> {
  const root = `${tree}.rpm`;
  const top = `${root}build`;
  await makeRoot(tree, root, sbom, LAYOUT, facts);
  const version = sorted(facts.version);
  const defines: Readonly<Record<string, string>> = {
    _topdir: `${Deno.cwd()}/${top}`,
    _rpmdir: `${Deno.cwd()}/dist`,
    _rpmfilename: `c3po-${facts.version}-1.${processor}.rpm`,
    _binary_payload: isFast ? "w1.zstdio" : "w19.zstdio",
    c3po_version: version,
    c3po_packager: facts.maintainer,
    c3po_date: changelogDate(facts.epoch),
    c3po_tree: `${Deno.cwd()}/${root}`,
    ...facts.address === undefined ? {} : { c3po_url: facts.address },
  };
  await run("env", [
    `SOURCE_DATE_EPOCH=${facts.epoch}`,
    "rpmbuild",
    "-bb",
    "--quiet",
    `--target=${processor}-linux`,
    ...Object.entries(defines).flatMap(([name, value]) => ["--define", `${name} ${value}`]),
    "contrib/packaging/rpm/c3po.spec",
  ]);
  for (const folder of [root, top]) await Deno.remove(folder, { recursive: true });
}

/** Such as `Sat Nov 28 2026`. */
function changelogDate(epoch: number): string {
  const [day, date, month, year] = new Date(epoch * 1000).toUTCString().split(/,? /);
  return `${day} ${month} ${date} ${year}`;
}
