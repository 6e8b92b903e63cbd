import { join } from "@std/path";
import { CHECKOUT, denoDirectory, must } from "../kernel/lab.ts";

interface Dependency {
  /** Missing where only types are imported. */
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

/** Which module imports which, as Deno reads the source; types, which are not loaded, are left out. */
export class ModuleGraph {
  readonly #modules: ReadonlyMap<string, readonly Dependency[]>;

  private constructor(modules: readonly Module[]) {
    this.#modules = new Map(
      modules.map(({ specifier, dependencies = [] }) => [nameOf(specifier), dependencies]),
    );
  }

  /** The graph of a program. */
  static async of(entry: string): Promise<ModuleGraph> {
    const args = ["info", "--json", "--frozen", join(CHECKOUT, entry)];
    const env = { DENO_DIR: denoDirectory() };
    return new ModuleGraph(
      JSON.parse(await must(Deno.execPath(), args, { cwd: CHECKOUT, env })).modules,
    );
  }

  /** What modules import when they are loaded, or only when they ask for it later. */
  importsOf(module: string, when: "at once" | "later"): string[] {
    return (this.#modules.get(module) ?? [])
      .filter(({ isDynamic = false }) => isDynamic === (when === "later"))
      .flatMap(({ code }) => code === undefined ? [] : [nameOf(code.specifier)]);
  }

  /** Modules with all they import at once, and on request with what they or those ask for later. */
  closure(roots: Iterable<string>, { later = false } = {}): Set<string> {
    const found = new Set(roots);
    for (const module of found) { // a set grows while it is walked
      for (const next of this.importsOf(module, "at once")) found.add(next);
      if (!later) continue;
      for (const next of this.importsOf(module, "later")) found.add(next);
    }
    return found;
  }
}

/**
 * What a module is called here: its path in the checkout, or the name and version of its package.
 *
 * @param specifier as `deno info` shows it, or the URL that a loaded module has
 */
export function nameOf(specifier: string): string {
  const url = new URL(".", `file://${CHECKOUT}`).href;
  if (specifier.startsWith(url)) return specifier.slice(url.length);
  const scoped = /^npm:\/?((?:@[^/]+\/)?[^/@]+)@([^/]+)/.exec(specifier) ??
    /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/(\d[^/]*)\//.exec(specifier);
  return scoped === null ? specifier : `npm:${scoped[1]}@${scoped[2]}`;
}
