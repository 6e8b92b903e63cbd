import { run } from "../run.ts";
import { answer, type Facts, sorted } from "./facts.ts";
import { compress, filesBelow, type Layout, makeRoot, settle } from "./root.ts";
import type { Source } from "./source.ts";

/** What Debian calls a processor. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

const LAYOUT: Layout = { zsh: "vendor-completions", license: undefined, changelog: "changelog" };
const PACKAGING = "contrib/packaging/debian";

/** Either packet filter will do: an nft that takes the rules, or iptables together with ipset. */
const NFT = "nftables (>= 1.0.2)";
const RELATIONS = `Depends: libc6 (>= 2.27), libgcc-s1, ${NFT} | iptables, ${NFT} | ipset, \
iproute2, openssh-client
Recommends: openssh-server
Suggests: conntrack`;

const DESCRIPTION = `SSH port that moves every minute to where only you can compute it
 Server and client share a key and hash it with the UTC minute. The result is
 sixteen port numbers: the first leads to sshd, the others are traps. The client
 connects at the first try; the first packet to a trap bans its source inside
 the kernel.
 .
 The package enables no service: make a key with "c3po key new", then
 "systemctl enable --now c3po".`;

/**
 * Makes the package of Debian and what comes from it, by `dpkg-deb`.
 */
export async function makeDeb(
  { tree, processor, sbom, isFast }: Source,
  facts: Facts,
): Promise<void> {
  const root = `${tree}.deb`;
  const architecture = ARCHITECTURES[processor]!;
  await makeRoot(tree, root, sbom, LAYOUT, facts);
  await addDocuments(root, facts);
  await addControl(root, architecture, facts);
  await settle(root, facts.epoch);
  const file = `dist/c3po_${facts.version}-1_${architecture}.deb`;
  await run("env", [
    `SOURCE_DATE_EPOCH=${facts.epoch}`,
    "dpkg-deb",
    "--root-owner-group",
    // What Debian's archive takes, and every dpkg reads.
    ...isFast ? ["-Zgzip", "-z1"] : ["-Zxz"],
    "--build",
    root,
    file,
  ]);
  await Deno.remove(root, { recursive: true });
}

async function addDocuments(root: string, { version, maintainer, epoch }: Facts): Promise<void> {
  const docs = `${root}/usr/share/doc/c3po`;
  await Deno.copyFile(`${PACKAGING}/copyright`, `${docs}/copyright`);
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  await Deno.writeTextFile(
    `${docs}/changelog.Debian`,
    `c3po (${sorted(version)}-1) stable; urgency=medium\n\n` +
      `  * Release ${version}; changelog.gz has the changes.\n\n -- ${maintainer}  ${date}\n`,
  );
  await compress([`${docs}/changelog.Debian`]);
  const overrides = `${root}/usr/share/lintian/overrides`;
  await Deno.mkdir(overrides, { recursive: true });
  await Deno.copyFile(`${PACKAGING}/lintian-overrides`, `${overrides}/c3po`);
}

async function addControl(root: string, architecture: string, facts: Facts): Promise<void> {
  const control = `${root}/DEBIAN`;
  const kib = Number(/^\d+/.exec(await answer("du", ["-sk", "--apparent-size", root])));
  const files = (await filesBelow(root)).map((path) => path.slice(root.length + 1));
  const sums = await answer("env", ["-C", root, "md5sum", ...files]);
  await Deno.mkdir(control);
  for (const script of ["postinst", "prerm", "postrm"]) {
    await Deno.copyFile(`${PACKAGING}/${script}`, `${control}/${script}`);
  }
  await Deno.writeTextFile(`${control}/md5sums`, sums);
  await Deno.writeTextFile(
    `${control}/control`,
    [
      "Package: c3po",
      `Version: ${sorted(facts.version)}-1`,
      `Architecture: ${architecture}`,
      `Maintainer: ${facts.maintainer}`,
      `Installed-Size: ${kib}`,
      RELATIONS,
      "Section: net",
      "Priority: optional",
      ...facts.address === undefined ? [] : [`Homepage: ${facts.address}`],
      `Description: ${DESCRIPTION}`,
      "",
    ].join("\n"),
  );
}
