import { fromFileUrl } from "@std/path";
import type { Namespace } from "../lab.ts";

const COOKIE = fromFileUrl(new URL("./cookie.ts", import.meta.url));

/** How a connection that was begun is to go on. */
export interface GoingOn {
  readonly door: number;
  /** Of the server, its IPv4 address unless given. */
  readonly address?: string;
  /** Whether what follows goes to the hidden port itself, 22, and no more through the door. */
  readonly elsewhere?: boolean;
  /** Whether the server keeps nothing of the first two packets, for it gives cookies. */
  readonly cookies?: boolean;
  /** What happens before. */
  readonly meanwhile?: () => Promise<unknown>;
  /** How long to wait for an answer. */
  readonly patienceMs?: number;
}

/**
 * Begins a connection through a door, and ends the handshake later.
 *
 * @returns what the peer met in the end: a line, `refused` or `silence`
 */
export async function goOn(server: Namespace, peer: Namespace, how: GoingOn): Promise<string> {
  const { door, address = server.address4, elsewhere = false, cookies = true } = how;
  const rules = (change: string): string =>
    `table inet twist
    delete table inet twist
    table inet twist {
      chain after {
        type filter hook output priority -300;
        tcp dport ${door} tcp flags & (syn | ack) == ack ${change}
      }
      chain before {
        type filter hook prerouting priority -300;
        tcp sport 22 tcp sport set ${door}
      }
    }\n`;
  const twist = (change: string) => peer.must("nft", ["-f", "-"], { stdin: rules(change) });
  await server.must("sysctl", ["-qw", `net.ipv4.tcp_syncookies=${cookies ? 2 : 1}`]);
  await twist("drop");
  const child = peer.spawn(Deno.execPath(), [
    ...["run", "--no-prompt", "-A", COOKIE, address, String(door)],
  ]);
  await child.waitForLine(/^connected$/);
  if (elsewhere) { // as after a while: what the connection began with is forgotten
    const [own, family] = address.includes(":") ? [peer.address6, "ipv6"] : [peer.address4, "ipv4"];
    await server.must("conntrack", ["-D", "-f", family, "-s", own]);
  }
  await how.meanwhile?.();
  if (elsewhere) await twist("tcp dport set 22");
  else await peer.must("nft", ["flush table inet twist"]);
  const met = await child.waitForLine(/^(?!connected)/, how.patienceMs ?? 60_000).catch(() =>
    "silence"
  );
  await child.stop();
  await peer.must("nft", ["delete table inet twist"]);
  return met;
}

/** As {@linkcode goOn}, at the hidden port itself. */
export function goOnElsewhere(server: Namespace, peer: Namespace, how: GoingOn): Promise<string> {
  return goOn(server, peer, { ...how, elsewhere: true });
}
