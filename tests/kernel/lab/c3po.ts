import { fromFileUrl, join } from "@std/path";

/** The folder of this checkout. */
export const CHECKOUT = fromFileUrl(new URL("../../../", import.meta.url));

/**
 * How to run c3po: the program that `C3PO_BIN` names, else this checkout, or its bundle that `C3PO_MAIN`
 * names.
 */
export function c3poCommand(): [string, ...string[]] {
  const binary = Deno.env.get("C3PO_BIN");
  return binary ? [binary] : [
    Deno.execPath(),
    "run",
    "--no-prompt",
    "-A",
    Deno.env.get("C3PO_MAIN") || join(CHECKOUT, "main.ts"),
  ];
}

/** Where this Deno keeps the packages it fetched. */
export function denoDirectory(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/root", ".cache");
  return Deno.env.get("DENO_DIR") ?? join(cache, "deno");
}
