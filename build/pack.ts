import { bashCompletion } from "../src/cli/completions/bash.ts";
import { fishCompletion } from "../src/cli/completions/fish.ts";
import { zshCompletion } from "../src/cli/completions/zsh.ts";
import { COMMANDS } from "../src/commands/table.ts";
import { settingsExample } from "../src/server/settings_file.ts";
import { compile } from "./compile.ts";
import { manPages } from "./man_pages.ts";
import { run } from "./run.ts";
import { sha256 } from "./runtime.ts";
import type { Platform } from "./permissions.ts";
import type { Target } from "./targets.ts";

const SUMS = "SHA256SUMS";

/** Makes `dist/c3po-TARGET.tar.gz`: what `install.sh` puts in place, as it lies below its prefix. */
export async function archive(script: string, target: Target): Promise<void> {
  const tree = `dist/c3po-${target.name}`;
  await Deno.remove(tree, { recursive: true }).catch(() => {}); // of an earlier run
  await Deno.mkdir(`${tree}/bin`, { recursive: true });
  await compile(script, target, `${tree}/bin/c3po`, { isRelease: true }); // for Windows Deno appends .exe
  await addDocuments(tree, target.platform);
  const owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
  await run("tar", [...owner, "-czf", `${tree}.tar.gz`, "-C", tree, "."]);
}

/** What a release has, by the ends of the names; whatever else lies in `dist` is no part of it. */
const RELEASED =
  /(?:\.tar\.gz|\.deb|\.rpm|\.cdx\.json|\.rb|\.nix|^install\.sh|^c3po\.install|^PKGBUILD)$/;

/**
 * Writes the checksums of all files of a release in `dist`.
 *
 * @returns them by the name of the file, as hexadecimal digits
 */
export async function checksums(): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>();
  for await (const { name } of Deno.readDir("dist")) {
    if (!RELEASED.test(name)) continue;
    sums.set(name, await sha256(await Deno.readFile(`dist/${name}`)));
  }
  const lines = [...sums].map(([name, sum]) => `${sum}  ${name}\n`);
  await Deno.writeTextFile(`dist/${SUMS}`, lines.sort().join(""));
  return sums;
}

/** Adds what goes with the program: manual, completions, and on Linux the service and its settings. */
export async function addDocuments(tree: string, platform: Platform): Promise<void> {
  const share = `${tree}/share`;
  for (const { name, text, isServers } of manPages()) {
    if (isServers && platform !== "linux") continue;
    await write(`${share}/man/man${name.at(-1)}/${name}`, text);
  }
  await write(`${share}/bash-completion/completions/c3po`, bashCompletion(COMMANDS));
  await write(`${share}/zsh/site-functions/_c3po`, zshCompletion(COMMANDS));
  await write(`${share}/fish/vendor_completions.d/c3po.fish`, fishCompletion(COMMANDS));
  await write(`${share}/doc/c3po/LICENSE`, await Deno.readTextFile("LICENSE"));
  if (platform !== "linux") return;
  await write(`${share}/doc/c3po/server.toml.example`, settingsExample());
  for (const unit of ["c3po.service", "c3po-sets.service", "c3po-share.service"]) {
    await write(`${tree}/lib/systemd/system/${unit}`, await Deno.readTextFile(unit));
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o644 });
}
