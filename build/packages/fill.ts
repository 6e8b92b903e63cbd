import type { Facts } from "./facts.ts";

/** Files for other package managers: the name in a release, and the template. */
export const TEMPLATES: Readonly<Record<string, string>> = {
  "c3po.rb": "contrib/packaging/homebrew/c3po.rb",
  PKGBUILD: "contrib/packaging/aur/PKGBUILD",
  "c3po.install": "contrib/packaging/aur/c3po.install",
  "c3po.nix": "contrib/packaging/nix/c3po.nix",
};

/**
 * Puts the facts of a release in place of `@VERSION@`, `@VERSION_ARCH@`, `@ADDRESS@`, `@MAINTAINER@` and
 * `@SHA256 FILE@`.
 *
 * @param sums the SHA-256 of each file of the release, in hexadecimal digits
 * @throws {Error} at a word that is not known, or a file without a checksum
 */
export function fill(
  template: string,
  { version, address, maintainer }: Facts,
  sums: ReadonlyMap<string, string>,
): string {
  const words = new Map([
    ["VERSION", version],
    ["VERSION_ARCH", version.replaceAll("-", "_")], // makepkg allows no - in a version
    ["ADDRESS", address],
    ["MAINTAINER", maintainer],
  ]);
  return template.replaceAll(/@([A-Z0-9_]+)(?: ([\w.-]+))?@/g, (whole, word, file) => {
    const value = word === "SHA256" ? sums.get(file) : words.get(word);
    if (value === undefined) throw new Error(`nothing is known for "${whole}"`);
    return value;
  });
}
