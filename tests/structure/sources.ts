import { fromFileUrl, join } from "@std/path";

/** The folder that has all of this. */
export const CHECKOUT = fromFileUrl(new URL("../../", import.meta.url));

/** A file of the program. */
export interface Source {
  /** From the checkout, such as `src/os/clock.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** One import of a file of our own. */
export interface Import {
  /** From the checkout. */
  readonly path: string;
  /** Whether only types come from there. */
  readonly isType: boolean;
}

const FROM = /\b(import|export)\s+(type\s)?[^;"]*?\bfrom\s+"([^"]+)"/g;
const BARE = /\bimport\s+"([^"]+)"/g;
const DYNAMIC = /\bimport\(\s*"([^"]+)"/g;

/** Every TypeScript file of the program, and the two that it is started by. */
export async function sources(): Promise<Source[]> {
  const paths = ["main.ts", "login.ts", ...await filesIn("src")];
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(join(CHECKOUT, path));
    return sourceOf(path, text);
  }));
}

/** Reads one file. */
export function sourceOf(path: string, text: string): Source {
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
  const found = [
    ...[...code.matchAll(FROM)].map(([, , type, to]) => ({ to: to!, isType: type !== undefined })),
    ...[...code.matchAll(BARE), ...code.matchAll(DYNAMIC)].map(([, to]) => ({
      to: to!,
      isType: false,
    })),
  ];
  const imports = found.filter(({ to }) => to.startsWith(".")).map(({ to, isType }) => ({
    path: new URL(to, `file:///${path}`).pathname.slice(1),
    isType,
  }));
  return { path, text, code, imports };
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(CHECKOUT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesIn(path));
    else if (name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}
