import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, must, run } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

/** What install.sh itself runs; whatever else it finds is there because a test says so. */
const USED =
  "cat curl dirname env find grep gzip head id ldd ls mkdir mktemp mv rm rmdir sed sha256sum sh tar uname";

/** The package manager of a machine. */
interface Manager {
  readonly name?: string;
  /** What it brings, whatever it is told; `nft:0.9.8` is one of that version. */
  readonly brings?: string;
  /** The word in its arguments at which it fails. */
  readonly failsAt?: string;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the package manager was told to install. */
  readonly asked: string[];
}

/**
 * Installs a release on a machine that has these programs besides.
 *
 * @param programs by name; `nft:0.9.8` is one of that version
 */
async function install(
  programs: string,
  { name: manager = "apt-get", brings = "", failsAt }: Manager = {},
): Promise<Result> {
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
  const record = [
    "#!/bin/sh",
    `echo "$*" >>'${log}'`,
    failsAt === undefined ? "" : `case " $* " in *" ${failsAt} "*) exit 100 ;; esac`,
    `PATH=/usr/bin:/bin cp -a '${later}'/. '${bin}'`,
  ];
  await Deno.writeTextFile(join(bin, manager), record.join("\n") + "\n", { mode: 0o755 });
  await put(bin, programs);
  // install.sh looks there as well, and so here it is empty.
  const hidden = 'mount -t tmpfs tmpfs /usr/sbin && PATH=$1 && exec sh "$2"';
  // A release's copy, since this checkout has an install.sh without an address.
  const arguments_ = ["-m", "sh", "-c", hidden, "sh", bin, join(CHECKOUT, "install.sh")];
  const result = await run("unshare", arguments_, { env: scene.environment({}), cwd: "/" });
  const lines = (await Deno.readTextFile(log).catch(() => "")).split("\n");
  const words = lines.filter((line) => /\binstall\b/.test(line)).join(" ").split(" ");
  const asked = words.filter((word) => !word.startsWith("-") && word !== "install" && word !== "");
  return { ...result, asked };
}

/** As {@linkcode install}, which has to succeed; what the package manager was told to install. */
async function installed(programs: string, manager?: Manager): Promise<string[]> {
  const { code, stderr, asked } = await install(programs, manager);
  assertEquals(code, 0, stderr);
  return asked;
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
    assertEquals(await installed("ip ss", { brings: "nft:0.9.8" }), [
      "nftables",
      "iptables",
      "ipset",
    ]);
    assertEquals(await installed("ip ss", { brings: "nft:1.0.6" }), ["nftables"]);
  },
);

kernelTest("install.sh calls iproute2 what the package manager calls it", async () => {
  assertEquals(await installed("nft", { name: "dnf" }), ["iproute"]);
  assertEquals(await installed("nft", { name: "zypper" }), ["iproute2"]);
});

kernelTest(
  "a repository that is out of order keeps install.sh from nothing, and it says so",
  async () => {
    const { code, stdout, stderr, asked } = await install("ip ss", { failsAt: "update" });
    assertEquals(code, 0, stderr);
    assertEquals(asked, ["nftables"]);
    assertMatch(stdout, /^apt-get update failed, so older lists of packages are used$/m);
  },
);

kernelTest(
  "what cannot be installed ends install.sh with what to do, and with nothing installed",
  async () => {
    for (const name of ["apt-get", "dnf"]) {
      const { code, stdout, stderr } = await install("ip ss", { name, failsAt: "install" });
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^c3po: error: could not install: nftables\nc3po: hint: .*run this again\n$/,
      );
      assertEquals(stdout.includes("installed c3po"), false, stdout);
    }
  },
);
