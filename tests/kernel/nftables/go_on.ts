import { fromFileUrl } from "@std/path";
import type { Namespace } from "../lab.ts";

const COOKIE = fromFileUrl(new URL("./cookie.ts", import.meta.url));

/**
 * Begins a connection through a door at a server that keeps nothing of the first two packets, for it gives
 * cookies. What follows goes to the hidden port itself, 22.
 *
 * @param meanwhile what happens before
 * @param patienceMs how long to wait for an answer
 * @returns what the peer met in the end: a line, `refused` or `silence`
 */
export async function goOnElsewhere(
  server: Namespace,
  peer: Namespace,
  { door, address = server.address4, meanwhile = () => Promise.resolve(), patienceMs = 60_000 }: {
    readonly door: number;
    readonly address?: string;
    readonly meanwhile?: () => Promise<unknown>;
    readonly patienceMs?: number;
  },
): Promise<string> {
  const rules = (change: string): string =>
    `table inet twist
    delete table inet twist
    table inet twist {
      chain out {
        type filter hook output priority -300;
        tcp dport ${door} tcp flags & (syn | ack) == ack ${change}
      }
      chain in {
        type filter hook prerouting priority -300;
        tcp sport 22 tcp sport set ${door}
      }
    }\n`;
  const twist = (change: string) => peer.must("nft", ["-f", "-"], { stdin: rules(change) });
  await server.must("sysctl", ["-qw", "net.ipv4.tcp_syncookies=2"]);
  await twist("drop");
  const child = peer.spawn(Deno.execPath(), [
    ...["run", "--no-prompt", "-A", COOKIE, address, String(door)],
  ]);
  await child.waitForLine(/^connected$/);
  // As after a while: what the connection began with is forgotten.
  const [own, family] = address.includes(":") ? [peer.address6, "ipv6"] : [peer.address4, "ipv4"];
  await server.must("conntrack", ["-D", "-f", family, "-s", own]);
  await meanwhile();
  await twist("tcp dport set 22");
  const met = await child.waitForLine(/^(?!connected)/, patienceMs).catch(() => "silence");
  await child.stop();
  await peer.must("nft", ["delete table inet twist"]);
  return met;
}
