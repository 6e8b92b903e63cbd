import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, must, run } from "../kernel/lab.ts";
import { TEMPLATES } from "../../build/packages/fill.ts";
import { TARGETS } from "../../build/targets.ts";
import manifest from "../../deno.json" with { type: "json" };

const VERSION = manifest.version;
const ADDRESS = "https://releases.example/c3po/releases";
const X86 = Deno.build.arch === "x86_64";
/** The files of the packages in `dist`, of this machine and of the other kind of processor. */
const [DEB, RPM] = packageNames(Deno.build.arch);
const [OTHER_DEB, OTHER_RPM] = packageNames(X86 ? "aarch64" : "x86_64");

function packageNames(processor: string): [string, string] {
  const architecture = processor === "x86_64" ? "amd64" : "arm64";
  return [`c3po_${VERSION}-1_${architecture}.deb`, `c3po-${VERSION}-1.${processor}.rpm`];
}

/** What another part of the project may add to a release: packages take it along as it is. */
const MORE = ["share/man/man5/c3po-more.5", "share/doc/c3po/more.toml.example"];

/**
 * Makes the packages once for all tests here, in a `dist` of their own. The program of the other kind of
 * processor is not the matter: a library for it stands in its place.
 */
const dist: Promise<string> = (async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-packages-" });
  for await (const { name } of Deno.readDir(CHECKOUT)) {
    if (name !== "dist") await Deno.symlink(join(CHECKOUT, name), join(folder, name));
  }
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const target = `linux-${Deno.build.arch}`;
  await must(join(folder, ".ci/compile"), [target], { env: { DENO: Deno.execPath() } });
  const own = join(folder, `dist/c3po-${target}`);
  for (const file of MORE) {
    const text = join(folder, "dist/more");
    await Deno.writeTextFile(text, ".TH MORE 5\n.SH NAME\nc3po-more \\- one more page\n");
    await must("install", ["-D", "-m", "644", text, join(own, file)]);
  }
  if (X86) {
    const other = join(folder, "dist/c3po-linux-aarch64");
    await must("cp", ["-a", own, other]);
    const library = "/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1";
    await must("install", ["-m", "755", library, join(other, "bin/c3po")]);
  }
  // Those of other systems are only compiled for a release.
  for (const { name } of TARGETS.filter(({ name }) => name !== target)) {
    await Deno.writeTextFile(join(folder, `dist/c3po-${name}.tar.gz`), name);
  }
  await makePackages(folder);
  return join(folder, "dist");
})();

async function makePackages(folder: string): Promise<void> {
  const args = ["task", "packages", "--fast", "--address", ADDRESS];
  await must(Deno.execPath(), args, { cwd: folder });
}

/** A path of the package for one of the release. */
const PLACES: readonly (readonly [RegExp, string, string])[] = [
  [/^(share\/man\/.*)$/, "/usr/$1.gz", "/usr/$1.gz"],
  [/^share\/zsh\/site-functions\/(.*)$/, "/usr/share/zsh/vendor-completions/$1", "/usr/$&"],
  [/^share\/doc\/c3po\/LICENSE$/, "", "/usr/share/licenses/c3po/LICENSE"],
  [/^.*$/, "/usr/$&", "/usr/$&"],
];

/** What each kind of package has besides. */
const DEB_ONLY = ["changelog.gz", "changelog.Debian.gz", "copyright", "c3po.cdx.json"]
  .map((name) => `/usr/share/doc/c3po/${name}`).concat("/usr/share/lintian/overrides/c3po");
const RPM_ONLY = ["CHANGELOG.md.gz", "c3po.cdx.json"].map((name) => `/usr/share/doc/c3po/${name}`);

async function expectedFiles(kind: "deb" | "rpm"): Promise<string[]> {
  const tree = join(await dist, `c3po-linux-${Deno.build.arch}`);
  const found = (await must("find", [tree, "-type", "f", "-printf", "%P\n"])).trim().split("\n");
  const placed = found.map((file) => {
    const [pattern, deb, rpm] = PLACES.find(([each]) => each.test(file))!;
    return file.replace(pattern, kind === "deb" ? deb : rpm);
  });
  const more = kind === "deb" ? DEB_ONLY : RPM_ONLY;
  return [...placed, ...more].filter((file) => file !== "").sort();
}

async function debFiles(): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: await dist });
  await must("dpkg-deb", ["-R", join(await dist, DEB), folder]);
  return folder;
}

/** The names of the files below a folder, as they begin there with `/`. */
async function below(folder: string): Promise<string[]> {
  const found = await must("find", [folder, "-type", "f", "-printf", "/%P\n"]);
  return found.trim().split("\n").sort();
}

Deno.test("the .deb has all of a release, where Debian looks for it, and nothing else", async () => {
  const folder = await debFiles();
  const files = (await below(folder)).filter((file) => !file.startsWith("/DEBIAN/"));
  assertEquals(files, await expectedFiles("deb"));
  await must("md5sum", ["--check", "--quiet", "DEBIAN/md5sums"], { cwd: folder });
  const sums = await Deno.readTextFile(join(folder, "DEBIAN/md5sums"));
  assertEquals(sums.match(/\n/g)?.length, files.length);
});

Deno.test("the .rpm has all of a release, where Fedora looks for it, and nothing else", async () => {
  const query = "[%{FILEMODES:perms} %{FILENAMES}\n]";
  const lines = (await must("rpm", ["-qp", "--qf", query, join(await dist, RPM)])).trim().split(
    "\n",
  );
  const files = lines.filter((line) => line.startsWith("-")).map((line) => line.split(" ")[1]!);
  assertEquals(files.sort(), await expectedFiles("rpm"));
});

Deno.test("the program in the packages is that of the release, byte for byte", async () => {
  const program = join(await dist, `c3po-linux-${Deno.build.arch}/bin/c3po`);
  const [sum] = (await must("sha256sum", [program])).split(" ");
  const digests = await must("rpm", [
    "-qp",
    "--qf",
    "[%{FILENAMES} %{FILEDIGESTS}\n]",
    join(await dist, RPM),
  ]);
  assert(digests.includes(`/usr/bin/c3po ${sum}\n`));
  await must("cmp", [join(await debFiles(), "usr/bin/c3po"), program]);
});

Deno.test("the unit in the packages runs the program of the packages", async () => {
  const folder = join(await debFiles(), "usr/lib/systemd/system");
  for (const [name, command] of [["c3po", "serve"], ["c3po-share", "share"]]) {
    const unit = await Deno.readTextFile(join(folder, `${name}.service`));
    assertMatch(unit, new RegExp(`^ExecStart=/usr/bin/c3po ${command}\\b`, "m"));
    assertEquals(unit.includes("/usr/local/"), false);
  }
});

Deno.test("the .deb asks for either packet filter, for ssh and ss, and recommends sshd", async () => {
  const homepage = new RegExp(`^Homepage: ${ADDRESS}$`, "m");
  for (const [name, architecture] of [[DEB, X86 ? "amd64" : "arm64"], [OTHER_DEB, "arm64"]]) {
    if (name === OTHER_DEB && !X86) continue;
    const fields = await must("dpkg-deb", ["-f", join(await dist, name!)]);
    assertMatch(fields, new RegExp(`^Version: ${VERSION}-1\nArchitecture: ${architecture}\n`, "m"));
    assertMatch(
      fields,
      /^Depends: .*\bnftables \(>= 1\.0\.2\) \| iptables, nftables \(>= 1\.0\.2\) \| ipset, iproute2, openssh-client$/m,
    );
    assertMatch(fields, /^Recommends: openssh-server$/m);
    assertMatch(fields, homepage);
    assertMatch(fields, /^Maintainer: .+ <.+>$/m);
  }
});

Deno.test("the .rpm asks for the same, and for the libraries that the program names", async () => {
  for (const [name, processor] of [[RPM, Deno.build.arch], [OTHER_RPM, "aarch64"]]) {
    if (name === OTHER_RPM && !X86) continue;
    const path = join(await dist, name!);
    const query = (...args: string[]): Promise<string> => must("rpm", ["-qp", ...args, path]);
    assertEquals(
      await query("--qf", "%{NAME} %{VERSION} %{ARCH} %{LICENSE} %{URL}"),
      `c3po ${VERSION} ${processor} GPL-2.0-or-later ${ADDRESS}`,
    );
    const requires = (await query("--requires")).split("\n");
    for (
      const each of [
        "(nftables or (iptables and ipset and /usr/bin/stdbuf))",
        "(iproute or iproute2)",
        "/usr/bin/ssh",
      ]
    ) assert(requires.includes(each), each);
    if (name === RPM) assert(requires.some((each) => each.startsWith("libc.so.6(GLIBC_2.27)")));
    assertEquals(await query("--recommends"), "openssh-server\n");
  }
});

Deno.test("the .deb asks for the glibc that the program was made with", async () => {
  const program = join(await debFiles(), "usr/bin/c3po");
  const text = await must("sh", ["-c", 'readelf --version-info "$1" 2>/dev/null', "sh", program]);
  const minors = [...text.matchAll(/Name: GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  const depends = await must("dpkg-deb", ["-f", join(await dist, DEB), "Depends"]);
  assertMatch(depends, new RegExp(`\\blibc6 \\(>= 2\\.${Math.max(...minors)}\\)`));
});

Deno.test("lintian has nothing to say against the .deb but what is explained in it", async () => {
  const { code, stdout, stderr } = await run("lintian", [
    ...["-I", "--allow-root", join(await dist, DEB)],
  ]);
  assert(code === 0 || code === 2, stderr);
  // The service needs what systemd gives it: a watchdog, a notification, a restart after a crash. Only older
  // versions complain, and newer ones of an override for what they do not know.
  const old = /^[EWI]: c3po: package-supports-alternative-init-but-no-init\.d-script /;
  const said = stdout.split("\n").filter((line) => line !== "" && !old.test(line));
  assertEquals(said, []);
});

Deno.test("the packages are the same whoever makes them, and when", async () => {
  const sums = async (): Promise<string> =>
    await must("sha256sum", [DEB, RPM, "c3po.cdx.json"], { cwd: await dist });
  const before = await sums();
  await makePackages(join(await dist, ".."));
  assertEquals(await sums(), before);
});

Deno.test("the checksums of a release name its packages, its list of parts and the files for others", async () => {
  await must("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: await dist });
  const text = await Deno.readTextFile(join(await dist, "SHA256SUMS"));
  const names = text.trim().split("\n").map((line) => line.split("  ")[1]!);
  const packages = X86 ? [DEB, RPM, OTHER_DEB, OTHER_RPM] : [DEB, RPM];
  const archives = TARGETS.map(({ name }) => `c3po-${name}.tar.gz`);
  assertEquals(
    names.toSorted(),
    [...packages, ...archives, "c3po.cdx.json", ...Object.keys(TEMPLATES)].sort(),
  );
  const formula = await Deno.readTextFile(join(await dist, "c3po.rb"));
  const [sum] = (await must("sha256sum", [join(await dist, "c3po-macos-aarch64.tar.gz")])).split(
    " ",
  );
  assert(formula.includes(sum!));
});

kernelTest("packages come, change under a running serve without a gap, and go", async () => {
  const folder = await debFiles();
  const control = join(folder, "DEBIAN/control");
  const text = await Deno.readTextFile(control);
  await Deno.writeTextFile(control, text.replace(/^Version: .*$/m, "Version: 0.0.1-1"));
  const old = join(await dist, "old");
  await must("dpkg-deb", ["--root-owner-group", "-Znone", "--build", folder, old]);
  const scene = await Deno.makeTempDir({ dir: await dist });
  const story = join(CHECKOUT, "tests/install/dpkg.sh");
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child"];
  const packages = [old, join(await dist, DEB), join(await dist, RPM)];
  const { code, stdout, stderr } = await run("unshare", [...namespaces, story, scene, ...packages]);
  assertEquals(code, 0, stderr);
  assertEquals(stdout.replaceAll(/process \d+/g, "process N").split("\n"), [
    "installed: 0.0.1-1 installed; asked: daemon-reload,try-restart c3po-share.service,",
    `upgraded: ${VERSION}-1 installed; asked: daemon-reload,kill --kill-who=main --signal=KILL c3po.service,` +
    "try-restart c3po-share.service,",
    "the old program runs",
    "killed: 137; rules: yes",
    "taken over: ; program: /usr/bin/c3po; rules: yes",
    `removal refused: ${VERSION}-1 installed; c3po: error: c3po serve is already running here, process N ` +
    "c3po: hint: stop it first; c3po status shows what it is doing ",
    `removed: ${VERSION}-1 config-files; asked: stop c3po-share.service c3po.service,--quiet disable c3po-sets.service c3po-share.service c3po.service,daemon-reload,; ` +
    "rules: no; left: /etc/c3po/key",
    "purged: daemon-reload,try-restart c3po-share.service,stop c3po-share.service c3po.service,--quiet disable c3po-sets.service c3po-share.service c3po.service,daemon-reload, left: ",
    `rpm: c3po ${VERSION}; asked: daemon-reload,try-restart c3po-share.service,`,
    "erased: daemon-reload,try-restart c3po-share.service,stop c3po-share.service c3po.service,--quiet disable c3po-sets.service c3po-share.service c3po.service,daemon-reload, left: /etc/c3po",
    "",
  ]);
});
