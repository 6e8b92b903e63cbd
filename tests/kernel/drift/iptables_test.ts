import { kernelTest, must, waitFor } from "../lab.ts";
import { type Disturbance, Scene } from "./scene.ts";
import { assertEquals } from "@std/assert";

/**
 * What other tools do to rules and sets, beside what ufw and firewalld do in neighbours_test.ts, in the words of
 * {@linkcode toolsOf}.
 */
const DISTURBANCES: readonly Disturbance[] = [
  [
    "iptables -F in every table",
    "for f in T T6; do for t in raw mangle nat filter; do $f -t $t -F; done; done",
    /rules of filter C3PO-IN.*jump from filter INPUT/,
  ],
  [
    "the filter table replaced, as by netfilter-persistent",
    "printf '*filter\\n:INPUT ACCEPT\\n:FORWARD DROP\\n:OUTPUT ACCEPT\\n:guests -\\n" +
    "-A INPUT -p icmp -j ACCEPT\\n-A INPUT -j guests\\n-A guests -i lo -j ACCEPT\\nCOMMIT\\n' | S",
    /chain filter C3PO-IN.*jump from filter INPUT/,
  ],
  [
    "rules put above ours and behind them, as by Docker",
    "T -t nat -N DOCKER; T -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; " +
    "T -t nat -A DOCKER -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80; " +
    "T -I INPUT -p tcp --dport 8080 -j ACCEPT; T -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
    /(first place in filter INPUT|last place in nat PREROUTING)/,
  ],
  [
    "IPv6 alone",
    "T6 -F",
    /gone="IPv6 rules of filter C3PO-IN, IPv6 rules of filter C3PO-STRAY, IPv6 jump from filter INPUT"/,
  ],
  ["one rule changed", "T6 -R C3PO-IN 4 -p udp -j DROP", /IPv6 changed rules of filter C3PO-IN/],
  ["the sets emptied", "ipset flush", /gone="set contents"/],
  [
    "rules flushed and sets destroyed",
    destroying(
      "for f in T T6; do for t in raw mangle nat filter; do $f -t $t -F; $f -t $t -X; done; done",
    ),
    /gone="sets/,
  ],
];

for (const backend of ["nft", "legacy"] as const) {
  const engine = backend === "nft" ? "iptables" : "iptables-legacy";
  kernelTest(`${engine}: what other tools do to the rules is undone`, async () => {
    await using scene = await Scene.create(engine);
    for (const [what, commands, gone] of DISTURBANCES) {
      await scene.disturb([what, toolsOf(backend) + commands, gone]);
    }
    await scene.end();
  });
}

kernelTest("iptables: rules flushed by nft itself are back, too", async () => {
  await using scene = await Scene.create("iptables");
  await scene.disturb([
    "nft flush ruleset",
    destroying("nft flush ruleset"),
    /gone="sets, IPv4 rules, IPv6 rules, table inet c3po-keep"/,
  ]);
  await scene.end();
});

kernelTest(
  "iptables: rules that go while the monitor is stopped are back, and another one listens",
  async () => {
    await using scene = await Scene.create("iptables");
    const monitor = async (): Promise<string> =>
      (await must("pgrep", ["-P", String(scene.serve.child.pid), "-x", "xtables-monitor"])).trim();
    const deaf = await waitFor(monitor, { what: "monitor" });
    await must("kill", ["-STOP", deaf]);
    const commands = "iptables -F; ip6tables -t nat -F";
    await scene.disturb(["a silent change", commands, /jump from filter INPUT/]);
    await scene.serve.event("monitor_silent");
    await waitFor(async () => await monitor() !== deaf, { what: "another monitor" });
    assertEquals((await scene.serve.stop()).code, 0);
  },
);

/** Flushes until all sets are destroyed: on a busy machine rules that use them may be back in between. */
function destroying(flush: string): string {
  return `until { ${flush}; ipset destroy 2>/dev/null; }; do sleep 0.01; done`;
}

/** Shell functions for iptables, ip6tables and iptables-restore, which wait for others that change rules. */
function toolsOf(backend: "nft" | "legacy"): string {
  const tools = {
    T: `iptables-${backend}`,
    T6: `ip6tables-${backend}`,
    S: `iptables-${backend}-restore`,
  };
  const functions = Object.entries(tools).map(([name, tool]) =>
    `${name}() { ${tool} -w 120 "$@"; }`
  );
  return `${functions.join("; ")}; `;
}
