// Whole IPv6 networks, whose owner has another /64 whenever one is banned.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { engineTest, Lab, sshArgs, startServe, startSshd, syn, waitFor } from "../lab.ts";
import { bansOn, c3po, TRAP, TRIPWIRE } from "./tripwire.ts";

const SITE = "2001:db8:aa::/48";
/** The /64 of someone who logs in, in the midst of it. */
const HOME = "2001:db8:aa:8::/64";
const FRIEND = "2001:db8:aa:8::1";

/** An address of {@linkcode SITE}. @param narrow which of its /56 @param at which /64 in that */
function address(narrow: number, at: number): string {
  return `2001:db8:aa:${(narrow * 256 + at).toString(16)}::1`;
}

engineTest(
  "four banned /64 shut out their /56, and four of those their /48, but no friend",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    await lab.addRange(attacker, SITE);
    await lab.addRange(attacker, "2001:db8:ab::/48");
    await lab.addRange(user, HOME);
    const sshd = await startSshd(server);
    const serve = await startServe(server, {
      engine,
      args: [...TRIPWIRE, "--login-log", sshd.log],
    });
    const touch = async (source: string): Promise<void> => {
      assertEquals(await syn(attacker, server.address6, TRAP, { source }), "open", source);
    };
    const meets = async (source: string, from = attacker): Promise<string> =>
      await syn(from, server.address6, (await serve.ports(3)).ssh, { source });
    const login = [...await sshArgs(sshd), "-b", FRIEND, "-p", String((await serve.ports(5)).ssh)];
    assertEquals((await user.run("ssh", [...login, server.address6, "true"])).code, 0);
    await serve.event("trusted", `address=${HOME}`);

    for (const at of [0, 1, 2]) await touch(address(0, at));
    assertEquals(await meets(address(0, 4)), "open");
    await touch(address(0, 3));
    await serve.event(
      "network_ban",
      `address=2001:db8:aa::/56 port=${TRAP} trigger=syn offences=1`,
    );
    const shut = async (source: string): Promise<void> => {
      await waitFor(async () => await meets(source) === "closed", { what: `ban around ${source}` });
    };
    await shut(address(0, 5));
    assertEquals(await meets(FRIEND, user), "open");
    assertEquals(await meets(address(1, 0)), "open");

    for (const narrow of [1, 2, 3]) {
      for (const at of [0, 1, 2, 3]) await touch(address(narrow, at));
    }
    await serve.event("network_ban", `address=${SITE} `);
    await shut(address(255, 255));
    assertEquals(await meets(FRIEND, user), "open");
    assertEquals(await meets("2001:db8:ab::1"), "open");

    const wide = (await bansOn(server)).find((ban) => ban.address === SITE);
    assertEquals([wide?.offences, wide?.lastPort], [1, TRAP]);
    assertMatch(await c3po(server, "status", "--json"), /"address":"2001:db8:aa::\/48"/);
    const { stderr } = await server.c3po(["ban", "remove", address(1, 5)]);
    for (const network of ["2001:db8:aa:100::/56", SITE]) {
      assertStringIncludes(stderr, `removed the ban of ${network}, which shut out`);
    }
    await serve.event("unban", `address=${SITE}`);
    assertEquals(await meets(address(1, 5)), "open");
    assertEquals(await meets(address(2, 5)), "closed", "it is in another banned /56");
    const again = await server.c3po(["ban", "remove", "2001:db8:aa:200::/56"]);
    assertStringIncludes(again.stderr, "removed the ban of 2001:db8:aa:200::/56\n");
    assertEquals(await meets(address(2, 5)), "open");
    assertEquals(await meets(address(2, 0)), "closed", "its own ban goes on");
    const misused = await server.c3po(["ban", "remove", "--fleet", SITE]);
    assertEquals(misused.code, 2);

    // A restart keeps them.
    assertEquals((await serve.stop()).code, 0);
    await startServe(server, { engine, args: TRIPWIRE });
    const kept = (await bansOn(server)).map((ban) => ban.address);
    assertEquals(kept.filter((each) => each.endsWith("/56")).sort(), [
      "2001:db8:aa:300::/56",
      "2001:db8:aa::/56",
    ]);
  },
);
