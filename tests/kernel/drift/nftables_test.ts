import { nftablesTest } from "../lab.ts";
import { type Disturbance, Scene } from "./scene.ts";

const SERVICE = "flush ruleset\\ntable inet filter {\\n chain input {\\n" +
  "  type filter hook input priority filter; policy accept;\\n  iif lo accept\\n }\\n}\\n";

/** What other tools do to C3PO's table. */
const DISTURBANCES: readonly Disturbance[] = [
  ["nft flush ruleset", "nft flush ruleset", /gone="table inet c3po"/],
  ["nftables.service loaded again", `printf '${SERVICE}' | nft -f -`, /gone="table inet c3po"/],
  ["the table deleted", "nft delete table inet c3po", /gone="table inet c3po"/],
  ["its rules flushed", "nft flush table inet c3po", /gone="rules of nftables chain /],
  [
    "one chain emptied",
    "nft flush chain inet c3po windows",
    /gone="rules of nftables chain windows"/,
  ],
  [
    "one rule more",
    "nft insert rule inet c3po windows counter return",
    /rules of nftables chain windows/,
  ],
  [
    "the sets emptied",
    "for s in $(nft list sets table inet c3po | sed -n 's/^\\tset \\(.*\\) {/\\1/p'); do " +
    "nft flush set inet c3po $s; done",
    /gone="set contents"/,
  ],
];

nftablesTest("nftables: what other tools do to the rules is undone", async () => {
  await using scene = await Scene.create("nftables");
  for (const disturbance of DISTURBANCES) await scene.disturb(disturbance);
  await scene.end();
});

nftablesTest("nftables: what other tools do to iptables and to sets is nothing to it", async () => {
  await using scene = await Scene.create("nftables");
  const { server } = scene.lab;
  const commands = "iptables -F; iptables -t nat -F; iptables -X; ip6tables -F; " +
    "iptables -A INPUT -p icmp -j ACCEPT; ipset create other hash:ip; ipset destroy";
  await server.must("sh", ["-c", commands]);
  const before = scene.serve.child.lines.length;
  // Seen to be left alone by what comes next: the only thing that is gone is what is taken now.
  await scene.disturb([
    "the table deleted",
    "nft delete table inet c3po",
    /gone="table inet c3po"/,
  ]);
  const drifts = scene.serve.child.lines.slice(before).filter(({ text }) =>
    text.includes("event=firewall_drift")
  );
  if (drifts.length !== 1) throw new Error(scene.serve.child.text());
  await scene.end();
});
