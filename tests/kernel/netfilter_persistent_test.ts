// Debian's netfilter-persistent saves the firewall while C3PO runs, and loads it at a boot before C3PO starts.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  FILTERS,
  kernelTest,
  Lab,
  must,
  type Namespace,
  type RunResult,
  startServe,
  startSshd,
} from "./lab.ts";
import { legacyTools } from "./lab/serve.ts";

const RULES = [
  "-A INPUT -p tcp -m tcp --dport 3306 -j DROP",
  "-A INPUT -i lo -j ACCEPT",
];

/** With lists of its own where this machine has none, or old ones. */
const UNPACK = `set -e
mkdir -p "$1/etc/iptables" "$1/lists/partial"
cd "$1"
get() { apt-get -qq -o APT::Sandbox::User=root "$@"; }
packages="netfilter-persistent iptables-persistent"
if ! get download $packages; then
  get -o Dir::State::lists="$1/lists" update
  get -o Dir::State::lists="$1/lists" download $packages
fi
for package in *.deb; do dpkg-deb -x "$package" .; done`;

/** The programs of netfilter-persistent as packaged: unpacked alone, since a setup would save this machine's rules. */
async function unpack(machine: Namespace): Promise<string> {
  const folder = join(machine.directory, "packages");
  await must("sh", ["-c", UNPACK, "sh", folder]);
  return folder;
}

/** Runs a script where those programs are installed, with an /etc/iptables that stays. */
async function among(machine: Namespace, packages: string, script: string): Promise<RunResult> {
  const layer = join(machine.directory, "layer");
  return await machine.run("sh", [
    "-c",
    [
      `mkdir -p '${layer}' && mount -t tmpfs none '${layer}' && mkdir '${layer}/up' '${layer}/work'`,
      `mount -t overlay overlay -o 'lowerdir=${packages}/usr:/usr' /usr`,
      `mkdir -p '${packages}/etc/iptables'`,
      `mount -t overlay overlay -o 'lowerdir=/etc,upperdir=${layer}/up,workdir=${layer}/work' /etc`,
      `mkdir -p /etc/iptables && cp '${packages}/etc/default/netfilter-persistent' /etc/default`,
      `mount --bind '${packages}/etc/iptables' /etc/iptables`,
      script,
    ].join(" && "),
    "sh",
    ...c3poCommand(),
  ], {
    env: { RUNTIME_DIRECTORY: machine.runtimeDirectory, STATE_DIRECTORY: machine.stateDirectory },
  });
}

const LOAD = "netfilter-persistent start 2>&1; iptables-save; ip6tables-save";

for (const engine of FILTERS) {
  kernelTest(
    `${engine}: what netfilter-persistent saved loads at a boot, before c3po starts`,
    async () => {
      await using lab = await Lab.create({ peers: [] });
      const { server } = lab;
      await startSshd(server);
      const packages = await unpack(server);
      const tools = engine === "iptables-legacy"
        ? `mount --bind '${await legacyTools(server)}' /usr/local/sbin && `
        : "";
      const rules = RULES.flatMap((rule) => [`iptables ${rule}`, `ip6tables ${rule}`]).join(" && ");
      const policies = "iptables -P FORWARD DROP && ip6tables -P FORWARD DROP";
      assertEquals((await among(server, packages, `${tools}${rules} && ${policies}`)).code, 0);
      const serve = await startServe(server, { engine });
      const saved = await among(server, packages, `${tools}netfilter-persistent save`);
      assertEquals(saved.code, 0, saved.stderr);
      assertEquals((await serve.stop()).code, 0);
      const text = await Deno.readTextFile(`${packages}/etc/iptables/rules.v4`);
      assertEquals(text.includes("C3PO-"), engine !== "nftables", text);
      // A machine that has just been switched on: nothing of C3PO is loaded.
      const boot = (script: string): Promise<RunResult> =>
        among(server, packages, `${tools}exec unshare --net sh -c '${script}' "$0" "$@"`);
      if (engine !== "nftables") {
        assertMatch((await boot(LOAD)).stdout, /Set c3po-\S+ doesn't exist/);
      }
      const { stdout } = await boot(`"$@" serve --sets && { ${LOAD}; }`);
      for (const line of [...RULES, ":FORWARD DROP [0:0]"]) {
        assertEquals(
          stdout.split("\n").filter((each) => each === line).length,
          2,
          `${line}\n${stdout}`,
        );
      }
      assert(!/rror/.test(stdout), stdout);
      assertStringIncludes(stdout, "15-ip4tables start");
    },
  );
}
