import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, Lab, probe, startServe, startSshd, syn, waitFor } from "../lab.ts";
import { bansWith, c3po, login, TRAP, TRIPWIRE } from "./tripwire.ts";

const SCOPES = { ssh: "SSH and the traps away, nothing else", all: "the whole machine away" };

/** An address of each family the attacker connects from. */
const SOURCES = ["10.77.2.1", "fd77:0:0:2::1"];
/** The same as a ban covers them. */
const UNITS = ["10.77.2.1", "fd77:0:0:2::/64"];

/** The patterns that docs/LOGGING.md gives to fail2ban, and to others. */
async function documentedPatterns(): Promise<{ filter: RegExp; fields: RegExp }> {
  const text = await Deno.readTextFile(join(CHECKOUT, "docs/LOGGING.md"));
  const filter = /^failregex = (.*)$/m.exec(text)![1]!;
  const fields = /^```regex\n(.*)\n```$/m.exec(text)![1]!;
  // fail2ban's own name for an address.
  const address = "(?<address>[0-9.]+|[0-9a-f:]+)";
  return { filter: new RegExp(filter.replace("<ADDR>", address)), fields: new RegExp(fields) };
}

kernelTest(
  "with syn, one packet to a trap bans before anything is answered, and is told",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, TRIPWIRE);
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await syn(lab.attacker, address, TRAP), "open");
      const { ssh, traps } = await serve.ports();
      for (const port of [ssh, traps[0]!, TRAP]) {
        assertEquals(await syn(lab.attacker, address, port), "closed");
      }
      assertEquals((await login(lab.user, address, { sshd, serve })).code, 0);
    }
    const { filter, fields } = await documentedPatterns();
    for (const source of SOURCES) {
      const line = await serve.child.waitForLine((text) => text.includes(` address=${source} `));
      assertEquals(filter.exec(line)?.groups?.address, source);
      const { time, ...rest } = fields.exec(line)!.groups!;
      assert(Math.abs(Date.parse(time!) - Date.now()) < 60_000);
      const said = { address: source, port: "23", trigger: "syn", offences: "1", seconds: "900" };
      assertEquals({ ...rest }, said);
    }
    const bans = await bansWith(1, lab.server);
    assertEquals(bans.map(({ address }) => address), UNITS);
    assertEquals(bans.map(({ lastPort }) => lastPort), [TRAP, TRAP]);
    const table = await c3po(lab.server, "ban");
    assertMatch(table, /^ADDRESS +LEFT +OFFENCES +LAST TRAP\n10\.77\.2\.1 +1\dm\d+s +1 +23\n/);
  },
);

kernelTest(
  "with handshake, only a completed connection bans, so that nobody is banned by a forged packet",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, [...TRIPWIRE, "--trigger", "handshake"]);
    for (const [i, address] of [lab.server.address4, lab.server.address6].entries()) {
      assertEquals(await syn(lab.attacker, address, TRAP), "open");
      assertEquals((await login(lab.attacker, address, { sshd, serve })).code, 0);
      assertEquals(await probe(lab.attacker, address, TRAP), "open");
      await serve.child.waitForLine((text) =>
        text.includes(` ban address=${SOURCES[i]} port=23 trigger=handshake offences=1 seconds=900`)
      );
      await waitFor(async () => await syn(lab.attacker, address, TRAP) === "closed", {
        what: "ban after a completed connection",
      });
      const { ssh } = await serve.ports();
      assertEquals(await syn(lab.attacker, address, ssh), "closed");
      assertEquals((await login(lab.user, address, { sshd, serve })).code, 0);
    }
  },
);

kernelTest("a handshake that is completed by a packet full of data bans as well", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const serve = await startServe(lab.server, [...TRIPWIRE, "--trigger", "handshake"]);
  // Of this address the server never sees a bare acknowledgement.
  const bare = ["-p", "tcp", "--tcp-flags", "SYN,ACK,FIN,RST", "ACK", "-m", "length"];
  const filter = ["-A", "OUTPUT", ...bare, "--length", "40:60", "-j", "DROP"];
  await lab.attacker.must("iptables", filter);
  const talk =
    `exec 3<>/dev/tcp/${lab.server.address4}/${TRAP}; printf %0110d 0 >&3; head -c 4 <&3`;
  assertEquals((await lab.attacker.run("bash", ["-c", talk])).stdout, "SSH-");
  await serve.child.waitForLine(/ ban address=10\.77\.2\.1 port=23 trigger=handshake /);
});

for (const scope of ["ssh", "all"] as const) {
  kernelTest(`with scope ${scope}, a ban takes ${SCOPES[scope]}`, async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const other = await startSshd(lab.server, { port: 8080 });
    await startServe(lab.server, [...TRIPWIRE, "--scope", scope]);
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await probe(lab.attacker, address, other.port), "open");
      await syn(lab.attacker, address, TRAP);
      const reach = await probe(lab.attacker, address, other.port, 500);
      assertEquals(reach, scope === "ssh" ? "open" : "timeout");
      assertEquals(await probe(lab.user, address, other.port), "open");
    }
  });
}
