import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  CHECKOUT,
  engineTest,
  Lab,
  loginNow,
  probe,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "../lab.ts";
import { bansWith, c3po, TRAP, TRIPWIRE } from "./tripwire.ts";

const SCOPES = { ssh: "SSH and the traps away, nothing else", all: "the whole machine away" };

/** An address of each family the attacker connects from. */
const SOURCES = ["10.77.2.1", "fd77:0:0:2::1"];
/** The same as a ban covers them. */
const UNITS = ["10.77.2.1", "fd77:0:0:2::/64"];

/** The pattern that docs/LOGGING.md gives for a ban; fail2ban's own is tried by fail2ban, in tests/contrib. */
async function documentedPattern(): Promise<RegExp> {
  const text = await Deno.readTextFile(join(CHECKOUT, "docs/LOGGING.md"));
  return new RegExp(/^```regex\n(.*)\n```$/m.exec(text)![1]!);
}

engineTest(
  "with syn, one packet to a trap bans before anything is answered, and is told",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine, args: TRIPWIRE });
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await syn(lab.attacker, address, TRAP), "open");
      const { ssh, traps } = await serve.ports();
      for (const port of [ssh, traps[0]!, TRAP]) {
        assertEquals(await syn(lab.attacker, address, port), "closed");
      }
      assert(await loginNow(lab.user, sshd, address, serve));
    }
    const pattern = await documentedPattern();
    for (const source of SOURCES) {
      const line = await serve.event("ban", `address=${source} `);
      const { time, ...rest } = pattern.exec(line)!.groups!;
      assert(Math.abs(Date.parse(time!) - Date.now()) < 60_000);
      const said = { address: source, port: "23", trigger: "syn", offences: "1", seconds: "900" };
      assertEquals<Record<string, string>>({ ...rest }, said);
    }
    const bans = await bansWith(1, lab.server);
    assertEquals(bans.map(({ address }) => address), UNITS);
    assertEquals(bans.map(({ lastPort }) => lastPort), [TRAP, TRAP]);
    const table = await c3po(lab.server, "ban");
    assertMatch(
      table,
      /^ADDRESS +LEFT +OFFENCES +LAST TRAP +ORIGIN\n10\.77\.2\.1 +1\dm\d+s +1 +23 +trap\n/,
    );
  },
);

engineTest(
  "with handshake, only a completed connection bans, so that nobody is banned by a forged packet",
  async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, {
      engine,
      args: [...TRIPWIRE, "--trigger", "handshake"],
    });
    for (const [i, address] of [lab.server.address4, lab.server.address6].entries()) {
      assertEquals(await syn(lab.attacker, address, TRAP), "open");
      assert(await loginNow(lab.attacker, sshd, address, serve));
      assertEquals(await probe(lab.attacker, address, TRAP), "open");
      await serve.event(
        "ban",
        `address=${SOURCES[i]} port=23 trigger=handshake offences=1 seconds=900`,
      );
      await waitFor(async () => await syn(lab.attacker, address, TRAP) === "closed", {
        what: "ban after a completed connection",
      });
      const { ssh } = await serve.ports();
      assertEquals(await syn(lab.attacker, address, ssh), "closed");
      assert(await loginNow(lab.user, sshd, address, serve));
    }
  },
);

engineTest(
  "a handshake that is completed by a packet full of data bans as well",
  async (engine) => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const serve = await startServe(lab.server, {
      engine,
      args: [...TRIPWIRE, "--trigger", "handshake"],
    });
    // Of this address the server never sees a bare acknowledgement.
    const bare = ["-p", "tcp", "--tcp-flags", "SYN,ACK,FIN,RST", "ACK", "-m", "length"];
    const filter = ["-A", "OUTPUT", ...bare, "--length", "40:60", "-j", "DROP"];
    await lab.attacker.must("iptables", filter);
    const talk =
      `exec 3<>/dev/tcp/${lab.server.address4}/${TRAP}; printf %0110d 0 >&3; head -c 4 <&3`;
    assertEquals((await lab.attacker.run("bash", ["-c", talk])).stdout, "SSH-");
    await serve.event("ban", "address=10.77.2.1 port=23 trigger=handshake");
  },
);

for (const scope of ["ssh", "all"] as const) {
  engineTest(`with scope ${scope}, a ban takes ${SCOPES[scope]}`, async (engine) => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const other = await startSshd(lab.server, { port: 8080 });
    await startServe(lab.server, { engine, args: [...TRIPWIRE, "--scope", scope] });
    for (const address of [lab.server.address4, lab.server.address6]) {
      assertEquals(await probe(lab.attacker, address, other.port), "open");
      await syn(lab.attacker, address, TRAP);
      const reach = await probe(lab.attacker, address, other.port, 500);
      assertEquals(reach, scope === "ssh" ? "open" : "timeout");
      assertEquals(await probe(lab.user, address, other.port), "open");
    }
  });
}
