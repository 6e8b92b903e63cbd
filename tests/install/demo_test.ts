import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, denoDirectory, kernelTest, must, run, type RunResult } from "../kernel/lab.ts";

/** What a machine with nothing but the essentials does not have; nmap is there, for it is the faster. */
const MISSING = ["sshd", "pkill", "pgrep", "ps", "kill"];

/**
 * Runs the demo of an installed c3po, on a machine without some programs, and with a configuration of
 * its own that no server would start with.
 */
async function demo(missing: readonly string[]): Promise<RunResult> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-bare-" });
  try {
    const prefix = join(folder, "prefix");
    const deno = dirname(Deno.execPath());
    await must(join(CHECKOUT, "install.sh"), [], {
      env: {
        PATH: `${deno}:${Deno.env.get("PATH")}`,
        DENO_DIR: denoDirectory(),
        HOME: folder,
        C3PO_INSTALL_DIR: prefix,
      },
    });
    const etc = join(folder, "etc");
    await Deno.mkdir(join(etc, "c3po"), { recursive: true });
    await Deno.writeTextFile(join(etc, "c3po/server.toml"), "ssh_port = 2222\ntrap = 1\n");
    const nothing = join(folder, "nothing");
    await Deno.writeTextFile(nothing, "");
    const hidden = missing.flatMap((name) =>
      ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].map((place) =>
        `[ ! -e ${place}/${name} ] || mount --bind ${nothing} $(readlink -f ${place}/${name})`
      )
    );
    const script = [
      'cp -a -n /etc/. "$1"',
      'mount --bind "$1" /etc',
      ...hidden,
      'exec "$2" demo --fast',
    ]
      .join(" && ");
    const args = ["-m", "sh", "-c", script, "sh", etc, join(prefix, "bin/c3po")];
    return await run("unshare", args, {
      env: { HOME: folder, C3PO_TRAPS: "99", C3PO_SECRET: "nonsense" },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

kernelTest(
  "the demo of an installed c3po ends well on a bare machine, whatever its settings",
  async () => {
    const { code, stdout, stderr } = await demo(MISSING);
    assertEquals([code, stderr], [0, ""], stdout);
    assertMatch(stdout, /^sshd is not installed/m);
    assertMatch(stdout, /^ {2}serve\| .* started event=started ssh_port=22 .* traps=15 /m);
    assertMatch(stdout, / event=ban address=10\.77\.2\.1 /);
    assertMatch(stdout, /^server\$ kill -TERM \d+\n/m);
    assertMatch(stdout, /^That is all\./m);
  },
);

kernelTest("the demo says what to install where its network cannot be made", async () => {
  const { code, stderr } = await demo(["ip"]);
  assertEquals(code, 1);
  assertMatch(stderr, /^c3po: error: ip is not installed.*\nc3po: hint: .*iproute2\n$/);
});
