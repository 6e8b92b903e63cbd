import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import {
  engineTest,
  Lab,
  type Namespace,
  probe,
  type Serving,
  Session,
  startSshd,
  syn,
  waitFor,
} from "./lab.ts";
import type { Statement } from "../../src/fleet/line.ts";
import { Signer } from "../../src/fleet/signature.ts";
import { Fleet } from "./lab/fleet.ts";

/** Where bans on a server are from, by address. */
async function origins(
  server: Namespace,
  env: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const { stdout, stderr, code } = await server.c3po(["ban", "list", "--json"], { env });
  assertEquals(code, 0, stderr);
  const bans: { address: string; origin: string }[] = JSON.parse(stdout);
  return Object.fromEntries(bans.map(({ address, origin }) => [address, origin]));
}

async function trapOf(serve: Serving): Promise<number> {
  return (await serve.ports()).traps[0]!;
}

engineTest(
  "a scanner that one server catches meets closed ports at the other, and a lone SYN is told to none",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["other", "store", "user", "prober", "scanner"] });
    const { server, user } = lab;
    const [other, prober, scanner] = ["other", "prober", "scanner"].map((name) =>
      lab.peer(name)
    ) as [
      Namespace,
      Namespace,
      Namespace,
    ];
    await using fleet = await Fleet.create(lab.peer("store"), [server, other]);
    const [sshd] = await Promise.all([startSshd(other), startSshd(server)]);
    const env = { C3PO_FIREWALL: engine };
    const [one, two] = await Promise.all([
      fleet.join(server, { engine }),
      fleet.join(other, { engine }),
    ]);
    assertEquals(await probe(scanner, other.address4, (await two.serve.ports()).ssh), "open");

    // Its SYN is not answered by anything it says: so nobody knows who sent it.
    await syn(prober, server.address4, await trapOf(one.serve));
    await one.serve.event("ban", `address=${prober.address4}`);
    await probe(scanner, server.address4, await trapOf(one.serve));
    await two.serve.event("fleet_ban", `address=${scanner.address4} member=server`);
    await probe(scanner, server.address6, await trapOf(one.serve));
    const unit6 = scanner.address6.replace(/1$/, "/64");
    await two.serve.event("fleet_ban", `address=${unit6} member=server`);

    for (const address of [other.address4, other.address6]) {
      assertNotEquals(await syn(scanner, address, (await two.serve.ports()).ssh), "open");
      assertEquals(await syn(user, address, (await two.serve.ports()).ssh), "open");
    }
    assertEquals(await syn(prober, other.address4, (await two.serve.ports()).ssh), "open");
    // The list for people is written a moment after the kernel was told.
    const reported = { [scanner.address4]: "fleet:server", [unit6]: "fleet:server" };
    await waitFor(async () => assertEquals(await origins(other, env), reported) ?? true, {
      what: "list of both bans",
    });
    assertEquals((await origins(server, env))[scanner.address4], "trap");

    // What a member of the store's users writes by hand is none of a member of the fleet's.
    const forged = `c3po-fleet-1 server 9007199254740991 1 ban ${user.address4} 900 confirmed 1 `;
    await fleet.redis.askAs("other", "xadd", "c3po:bans", "*", "d", `${forged}${"A".repeat(86)}`);
    await two.serve.event("share_refused", "reason=signature member=server");
    assertEquals(await syn(user, other.address4, (await two.serve.ports()).ssh), "open");

    const { stderr } = await other.c3po(["ban", "remove", scanner.address4], { env });
    assertEquals(stderr, `c3po: removed the ban of ${scanner.address4}\n`);
    assertEquals(await syn(scanner, other.address4, (await two.serve.ports()).ssh), "open");

    // The administrator, on either server.
    await fleet.order(other, two.serve, ["ban", prober.address4, "--for", "60s"]);
    for (const { serve } of [one, two]) {
      await serve.event("fleet_ban", `address=${prober.address4} member=admin`);
    }
    assertNotEquals(await syn(prober, other.address4, (await two.serve.ports()).ssh), "open");
    await fleet.order(server, one.serve, ["forgive", "all"]);
    for (const { serve } of [one, two]) await serve.event("fleet_unban", "member=admin");
    assertEquals(await syn(prober, other.address4, (await two.serve.ports()).ssh), "open");

    // Who is inside at one server stays welcome there, whatever the other reports.
    const session = await Session.open(user, sshd, other.address4, (await two.serve.ports()).ssh);
    await two.serve.event("trusted", `address=${user.address4}`); // a session is known a moment later
    await probe(user, server.address4, await trapOf(one.serve));
    const refused = async (machine: Namespace, ...reasons: string[]): Promise<boolean> => {
      const { share } = JSON.parse((await machine.c3po(["status", "--json"], { env })).stdout);
      return reasons.some((reason) => reason in share.refused);
    };
    const spared = () => refused(other, "session", "trusted");
    await waitFor(spared, { what: "a report that is not followed" });
    assertEquals(await syn(user, other.address4, (await two.serve.ports()).ssh), "open");
    await session.answers();
    await session.close();

    await fleet.order(server, one.serve, ["expel", "other"]);
    for (const { serve } of [one, two]) await serve.event("fleet_unban", "count=0 member=admin");
    await probe(prober, other.address6, await trapOf(two.serve));
    // Of what is refused the log tells once a minute.
    await waitFor(() => refused(server, "expelled"), { what: "a report that is not heard" });

    // Nothing else is handed over, and nothing of what comes with it.
    const strange = await Signer.of(crypto.getRandomValues(new Uint8Array(32)));
    const statement = { verb: "order", order: { do: "forgive all" } } as const;
    const line = await strange.sign({ member: "admin", seq: 1, time: 1, statement });
    const ban = { verb: "ban", address: user.address4, seconds: 60, evidence: "hand", offences: 0 };
    const report = await strange.sign({
      ...{ member: "server", seq: 1, time: 1 },
      statement: ban as Statement,
    });
    for (
      const [text, says] of [
        [line, /^c3po: error: the order was not signed by the administrator of this fleet\n/],
        [report, /^c3po: error: what is on stdin is no order\n/],
        [`${line} more`, /^c3po: error: the order on stdin: not a /],
        ["", /^c3po: error: no order on stdin\n/],
      ] as const
    ) {
      const { code, stderr } = await fleet.publish(other, two.serve, text);
      assertEquals(code, 1);
      assertMatch(stderr, says);
    }
    assertEquals(two.serve.events("publish").length, 1);

    // Without the store a server bans as ever, and goes.
    await fleet.redis.stop();
    await one.serve.event("share_down");
    await probe(prober, server.address6, await trapOf(one.serve));
    assertNotEquals(await syn(prober, server.address6, (await one.serve.ports()).ssh), "open");
    for (const { serve } of [one, two]) {
      assertEquals((await serve.stop()).code, 0);
      for (const secret of ["c3po-1-", "the-password"]) {
        assertEquals(serve.child.text().includes(secret), false);
      }
    }
    for (const { share } of [one, two]) {
      await share.waitForLine(/event=serve_absent/);
      assertEquals(share.text().includes("the-password"), false);
      share.kill();
      assertEquals((await share.finished()).code, 0);
    }
  },
);
