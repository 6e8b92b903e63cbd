/**
 * The list of what a release consists of, as a CycloneDX document: the packages of `deno.lock`, with its
 * checksums, and the runtime.
 */
import pinned from "../runtimes.json" with { type: "json" };
import type { Pins } from "../runtime.ts";
import { TARGETS } from "../targets.ts";
import { answer, type Facts } from "./facts.ts";

/** A part, as CycloneDX 1.6 describes it. */
export interface Component {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  /** Whether it is in the program, or only used by tests. */
  readonly scope?: "required" | "excluded";
  readonly purl?: string;
  readonly hashes?: readonly Hash[];
  readonly licenses?: readonly License[];
  readonly externalReferences?: readonly Reference[];
}

interface Hash {
  readonly alg: "SHA-256" | "SHA-512";
  readonly content: string;
}

type License = { readonly license: { readonly id: string } } | { readonly expression: string };

interface Reference {
  readonly type: "distribution" | "website";
  readonly url: string;
  readonly hashes?: readonly Hash[];
}

/** The document. */
export interface Bom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** A package of npm as `deno info` knows it, by `NAME@VERSION`. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  /** An SPDX expression, such as `MIT`. */
  readonly license: string;
  /** As npm and `deno.lock` have it: `sha512-` and base64. */
  readonly integrity: string;
  /** Whether the program imports it. */
  readonly isUsed: boolean;
}

/**
 * The document for a release.
 *
 * @param packages all of `deno.lock`
 * @param deno the version of the runtime
 */
export function makeBom(
  { version, epoch }: Facts,
  packages: readonly Package[],
  deno: string,
  pins: Pins = pinned,
): Bom {
  const own: Component = {
    type: "application",
    "bom-ref": `c3po@${version}`,
    name: "c3po",
    version,
    purl: `pkg:generic/c3po@${version}`,
    licenses: [{ license: { id: "GPL-2.0-or-later" } }],
  };
  const runtime = runtimeOf(deno, pins);
  const used = packages.filter(({ isUsed }) => isUsed).map(refOf);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString().replace(".000", ""),
      component: own,
    },
    components: [runtime, ...packages.map(componentOf)],
    dependencies: [
      { ref: own["bom-ref"], dependsOn: [runtime["bom-ref"], ...used] },
      ...packages.map((each) => ({ ref: refOf(each), dependsOn: each.dependencies })),
    ],
  };
}

function componentOf(each: Package): Component {
  return {
    type: "library",
    "bom-ref": refOf(each),
    name: each.name,
    version: each.version,
    scope: each.isUsed ? "required" : "excluded",
    // The @ of a scope is written out there.
    purl: `pkg:npm/${each.name.replace("@", "%40")}@${each.version}`,
    hashes: [{ alg: "SHA-512", content: sha512Of(each.integrity) }],
    licenses: [licenseOf(each.license)],
  };
}

function refOf({ name, version }: Package): string {
  return `${name}@${version}`;
}

/** The same in hexadecimal digits. */
function sha512Of(integrity: string): string {
  const [, base64] = /^sha512-(.*)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new Error(`"${integrity}" is no SHA-512`);
  return Uint8Array.fromBase64(base64).toHex();
}

function licenseOf(expression: string): License {
  return / (?:OR|AND|WITH) /.test(expression) ? { expression } : { license: { id: expression } };
}

/** What `deno compile` puts before the program, with the checksums that a release is held to. */
function runtimeOf(version: string, pins: Pins): Component {
  const base = `https://dl.deno.land/release/v${version}`;
  return {
    type: "platform",
    "bom-ref": `deno@${version}`,
    name: "deno",
    version,
    scope: "required",
    purl: `pkg:github/denoland/deno@v${version}`,
    licenses: [{ license: { id: "MIT" } }],
    externalReferences: TARGETS.map(({ triple }) => {
      const sum = pins[version]?.[triple];
      return {
        type: "distribution",
        url: `${base}/denort-${triple}.zip`,
        ...sum === undefined ? {} : { hashes: [{ alg: "SHA-256" as const, content: sum }] },
      };
    }),
  };
}

interface Info {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<
    Record<
      string,
      Pick<Package, "name" | "version" | "dependencies"> & { readonly localPath: string }
    >
  >;
}

/** The packages that `deno.lock` has, each with the licence that it names itself. */
export async function packagesHere(): Promise<Package[]> {
  const info: Info = JSON.parse(await answer(Deno.execPath(), ["info", "--json", "main.ts"]));
  const lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  const used = new Set<string>();
  const use = (id: string): void => {
    if (used.has(id)) return;
    used.add(id);
    info.npmPackages[id]!.dependencies.forEach(use);
  };
  for (const { npmPackage } of info.modules) if (npmPackage !== undefined) use(npmPackage);
  return await Promise.all(
    Object.entries(info.npmPackages).map(async ([id, { localPath, ...found }]) => {
      const { license } = JSON.parse(await Deno.readTextFile(`${localPath}/package.json`));
      return {
        name: found.name,
        version: found.version,
        dependencies: found.dependencies,
        integrity: lock.npm[id].integrity,
        license: String(license).replace(/^\((.*)\)$/, "$1"),
        isUsed: used.has(id),
      };
    }),
  );
}
