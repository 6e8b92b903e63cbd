import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import {
  engineTest,
  Lab,
  loginNow,
  type Namespace,
  nmapScan,
  roomInMinute,
  startServe,
  startSshd,
  syn,
} from "../lab.ts";
import { TRAP, TRIPWIRE } from "./tripwire.ts";

/** A scan of all ports has to end within the minute it began in. */
const SCAN_MS = 15_000;

engineTest("a scan of all ports is shut out at the first trap it meets", async (engine) => {
  await using lab = await Lab.create({ peers: ["user", "syns", "connects", "six"] });
  const sshd = await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine, args: ["--grace", "0"] });
  const { address4, address6 } = lab.server;
  await roomInMinute(SCAN_MS);
  const { ssh, traps } = await serve.ports();
  const lowest = Math.min(...traps);
  const hidden = [ssh, ...traps].filter((port) => port > lowest);
  await Promise.all([
    nmapScan(lab.peer("syns"), address4),
    nmapScan(lab.peer("connects"), address4, { type: "sT" }),
    nmapScan(lab.peer("six"), address6),
  ].map(async (scan) => {
    const states = await scan;
    const open = [...states].filter(([, state]) => state === "open").map(([port]) => port);
    // Ports are scanned upwards; whatever lies below the first trap was met before it.
    assert(open.every((port) => port <= lowest), `open: ${open}, lowest trap: ${lowest}`);
    // Closed, or silent where an overloaded machine lost the answer.
    for (const port of hidden) assertNotEquals(states.get(port), "open");
  }));
  for (const [peer, address] of [["syns", address4], ["connects", address4], ["six", address6]]) {
    assertEquals(await syn(lab.peer(peer!), address!, (await serve.ports()).ssh), "closed");
  }
  assert(await loginNow(lab.user, sshd, address4, serve));
});

/** What nmap says of the service behind a port. */
async function version(scanner: Namespace, address: string, port: number): Promise<string> {
  const scan = ["-n", "-Pn", "-sV", "--version-light", "-p", String(port), address];
  const text = await scanner.must("nmap", scan);
  return new RegExp(`^${port}/tcp +(.*)$`, "m").exec(text)![1]!;
}

engineTest("nmap -sV takes a trap for the real sshd, if it gets that far", async (engine) => {
  await using lab = await Lab.create({ peers: ["first", "second"] });
  await startSshd(lab.server);
  // Its first packet only asks whether the port is open; with syn there is no second.
  let serve = await startServe(lab.server, { engine, args: TRIPWIRE });
  const short = await version(lab.peer("first"), lab.server.address4, TRAP);
  assertEquals(short.includes("OpenSSH"), false, short);
  await serve.stop();
  serve = await startServe(lab.server, {
    engine,
    args: [...TRIPWIRE, "--trigger", "handshake"],
  });
  const long = await version(lab.peer("second"), lab.server.address4, TRAP);
  assertMatch(long, /^open +ssh +OpenSSH /);
  await serve.event("ban", "address=10.77.2.1 port=23 trigger=handshake");
});
