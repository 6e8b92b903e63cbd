import { run } from "../run.ts";
import { answer, type Facts } from "./facts.ts";

/** Where distributions differ. */
export interface Layout {
  /** The folder of completions that zsh reads there, below `/usr/share/zsh`. */
  readonly zsh: string;
  /** The path of the licence below `/usr/share`; undefined where the system has it already. */
  readonly license: string | undefined;
  /** The name of the change log in `/usr/share/doc/c3po`, before it is compressed. */
  readonly changelog: string;
}

/**
 * Makes the files of a package as they lie below `/`, from the tree of a release: whatever is in there,
 * compressed where that is the custom.
 *
 * @param tree the folder that `deno task compile linux-…` made
 * @param root where they go; whatever is there is removed
 * @param sbom the path of the list of parts
 */
export async function makeRoot(
  tree: string,
  root: string,
  sbom: string,
  { zsh, license, changelog }: Layout,
  { epoch }: Facts,
): Promise<void> {
  await Deno.remove(root, { recursive: true }).catch(() => {}); // of an earlier run
  await Deno.mkdir(root, { recursive: true });
  await run("cp", ["-a", "--no-preserve=ownership", tree, `${root}/usr`]);
  const share = `${root}/usr/share`;
  const docs = `${share}/doc/c3po`;
  if (zsh !== "site-functions") {
    await Deno.rename(`${share}/zsh/site-functions`, `${share}/zsh/${zsh}`);
  }
  if (license === undefined) await Deno.remove(`${docs}/LICENSE`);
  else {
    await Deno.mkdir(`${share}/${license}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.rename(`${docs}/LICENSE`, `${share}/${license}`);
  }
  await Deno.copyFile("CHANGELOG.md", `${docs}/${changelog}`);
  await Deno.copyFile(sbom, `${docs}/c3po.cdx.json`);
  for (const unit of await filesBelow(`${root}/usr/lib/systemd/system`)) {
    const text = await Deno.readTextFile(unit);
    await Deno.writeTextFile(unit, text.replaceAll("/usr/local/bin/c3po", "/usr/bin/c3po"));
  }
  await compress([...await filesBelow(`${share}/man`), `${docs}/${changelog}`]);
  await settle(root, epoch);
}

/** Compresses files in place, without their times and names. */
export async function compress(files: readonly string[]): Promise<void> {
  await run("gzip", ["-9n", ...files]);
}

/** Gives all files the same rights everywhere, and the time of the release. */
export async function settle(root: string, epoch: number): Promise<void> {
  await run("chmod", ["-R", "u=rwX,go=rX", root]);
  await run("find", [root, "-exec", "touch", "--no-dereference", `--date=@${epoch}`, "{}", "+"]);
}

/** The paths of all files below a folder, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await answer("find", [folder, "-type", "f"]);
  return found.split("\n").filter((path) => path !== "").sort();
}
