import { bashCompletion } from "../src/core/completions/bash.ts";
import { fishCompletion } from "../src/core/completions/fish.ts";
import { zshCompletion } from "../src/core/completions/zsh.ts";
import { COMMANDS } from "../src/cli.ts";
import { manPage } from "../src/core/manpage.ts";
import { VERSION } from "../src/core/version.ts";
import { compile } from "./compile.ts";
import { run } from "./run.ts";
import type { Platform } from "./permissions.ts";
import type { Target } from "./targets.ts";

const SUMS = "SHA256SUMS";

/** Makes `dist/c3po-TARGET.tar.gz`: what `install.sh` puts in place, as it lies below its prefix. */
export async function archive(script: string, target: Target): Promise<void> {
  const tree = `dist/c3po-${target.name}`;
  await Deno.remove(tree, { recursive: true }).catch(() => {}); // of an earlier run
  await Deno.mkdir(`${tree}/bin`, { recursive: true });
  await compile(script, target, `${tree}/bin/c3po`); // for Windows Deno appends .exe
  await addDocuments(tree, target.platform);
  const owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"];
  await run("tar", [...owner, "-czf", `${tree}.tar.gz`, "-C", tree, "."]);
}

/** Writes the checksums of all archives in `dist`. */
export async function checksums(): Promise<void> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("dist")) {
    if (!name.endsWith(".tar.gz")) continue;
    const sum = await crypto.subtle.digest("SHA-256", await Deno.readFile(`dist/${name}`));
    lines.push(`${new Uint8Array(sum).toHex()}  ${name}\n`);
  }
  await Deno.writeTextFile(`dist/${SUMS}`, lines.sort().join(""));
}

/** Adds what goes with the program: manual page, completions, and on Linux the service. */
export async function addDocuments(tree: string, platform: Platform): Promise<void> {
  const share = `${tree}/share`;
  await write(`${share}/man/man1/c3po.1`, manPage(COMMANDS, VERSION));
  await write(`${share}/bash-completion/completions/c3po`, bashCompletion(COMMANDS));
  await write(`${share}/zsh/site-functions/_c3po`, zshCompletion(COMMANDS));
  await write(`${share}/fish/vendor_completions.d/c3po.fish`, fishCompletion(COMMANDS));
  await write(`${share}/doc/c3po/LICENSE`, await Deno.readTextFile("LICENSE"));
  if (platform !== "linux") return;
  await write(`${tree}/lib/systemd/system/c3po.service`, await Deno.readTextFile("c3po.service"));
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text, { mode: 0o644 });
}
