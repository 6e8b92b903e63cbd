import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, must, run } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

/** What install.sh itself runs; whatever else it finds is there because a test says so. */
const USED =
  "cat curl dirname env find grep gzip head id ldd ls mkdir mktemp mv rm rmdir sed sha256sum sh tar uname";

/**
 * Installs a release on a machine that has these programs besides.
 *
 * @param programs by name; `nft:0.9.8` is one of that version
 * @param brings what the package manager brings, whatever it is told
 * @returns what the package manager is told to install
 */
async function installed(
  programs: string,
  manager = "apt-get",
  brings = "",
): Promise<string[]> {
  await using scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const bin = join(scene.directory, "bin");
  await Deno.mkdir(bin);
  for (const tool of USED.split(" ")) {
    await Deno.symlink((await must("sh", ["-c", `command -v ${tool}`])).trim(), join(bin, tool));
  }
  const log = join(scene.directory, "log");
  const put = async (folder: string, list: string): Promise<void> => {
    for (const each of list.split(" ").filter((word) => word !== "")) {
      const [name, version] = each.split(":");
      const text = version === undefined ? "" : `echo "nftables v${version} (Name)"\n`;
      await Deno.writeTextFile(join(folder, name!), `#!/bin/sh\n${text}`, { mode: 0o755 });
    }
  };
  const later = join(scene.directory, "later");
  await Deno.mkdir(later);
  await put(later, brings);
  const record =
    `#!/bin/sh\necho "$*" >>'${log}'\nPATH=/usr/bin:/bin cp -a '${later}'/. '${bin}'\n`;
  await Deno.writeTextFile(join(bin, manager), record, { mode: 0o755 });
  await put(bin, programs);
  // install.sh looks there as well, and so here it is empty.
  const hidden = 'mount -t tmpfs tmpfs /usr/sbin && PATH=$1 && exec sh "$2"';
  // A release's copy, since this checkout has an install.sh without an address.
  const arguments_ = ["-m", "sh", "-c", hidden, "sh", bin, join(CHECKOUT, "install.sh")];
  const result = await run("unshare", arguments_, { env: scene.environment({}), cwd: "/" });
  assertEquals(result.code, 0, result.stderr);
  const lines = (await Deno.readTextFile(log).catch(() => "")).split("\n");
  const asked = lines.filter((line) => /\binstall\b/.test(line)).join(" ");
  return asked.split(" ").filter((word) =>
    !word.startsWith("-") && word !== "install" && word !== ""
  );
}

for (
  const [there, missing] of [
    ["", ["nftables", "iproute2"]],
    ["ip ss", ["nftables"]],
    ["ip ss iptables", ["nftables"]],
    ["ip ss ipset", ["nftables"]],
    ["ip ss nft", []],
    ["ip ss nft iptables", []],
    ["ip ss iptables ipset stdbuf", []],
    ["ip ss iptables ipset", ["nftables"]], // as with BusyBox
    ["ip nft", ["iproute2"]],
    ["ip ss nft:0.9.8 stdbuf", ["iptables", "ipset"]],
    ["ip ss nft:1.0.1 stdbuf", ["iptables", "ipset"]],
    ["ip ss nft:1.0.1", ["iptables", "ipset", "coreutils"]],
    ["ip ss nft:1.0.2", []],
    ["ip ss nft:0.9.8 iptables ipset stdbuf", []],
  ] as const
) {
  kernelTest(`where there is "${there}", install.sh installs "${missing.join(" ")}"`, async () => {
    assertEquals(await installed(there), [...missing]);
  });
}

kernelTest(
  "where the system's nft is too old, install.sh goes on to iptables and ipset",
  async () => {
    assertEquals(await installed("ip ss", "apt-get", "nft:0.9.8"), [
      "nftables",
      "iptables",
      "ipset",
    ]);
    assertEquals(await installed("ip ss", "apt-get", "nft:1.0.6"), ["nftables"]);
  },
);

kernelTest("install.sh calls iproute2 what the package manager calls it", async () => {
  assertEquals(await installed("nft", "dnf"), ["iproute"]);
  assertEquals(await installed("nft", "zypper"), ["iproute2"]);
});
