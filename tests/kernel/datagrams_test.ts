import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { deriveKey } from "../../src/schedule/derivation.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import {
  engineTest,
  kernelTest,
  Lab,
  roomInMinute,
  startServe,
  startSshd,
  untilMinute,
  waitFor,
} from "./lab.ts";
import { putKey } from "./lab/pair.ts";
import { withConfiguration } from "./lab/users.ts";
import { WireGuard } from "./lab/wireguard.ts";

const PORT = 51_820;

engineTest(
  "a WireGuard behind a moving port is reached by who follows it, and goes on when it moves",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    await startSshd(server);
    const text = `[service.wg]\nto = ${PORT}\nproto = "udp"\n`;
    const prepare = await withConfiguration(server, text);
    const serve = await startServe(server, { engine, prepare, args: ["--grace", "0"] });
    await putKey(user, "default", serve.key);
    const schedule = await Schedule.of(await deriveKey(parseKey(serve.key), { service: "wg" }));
    const endpointIn = async (minute: number): Promise<string> =>
      `${server.address4}:${(await schedule.ports(minute, 0)).ssh}`;

    const there = await WireGuard.start(server, "10.200.0.1", PORT);
    const here = await WireGuard.start(user, "10.200.0.2");
    await there.addPeer(here);
    await here.addPeer(there, `${server.address4}:${PORT}`);
    // Its own port is hidden: no handshake takes place.
    assertEquals(await here.answers(there), false);
    assertMatch(await there.wg("show", "wg0", "latest-handshakes"), /\t0\n$/);

    await roomInMinute(20_000);
    const minute = minuteAt(Date.now());
    const { stdout, stderr } = await here.c3po("--once");
    assertEquals([stdout, stderr], [`wg0 ${await endpointIn(minute)}\n`, ""]);
    await here.reaches(there);
    assertEquals(await here.endpoint(), await endpointIn(minute));

    const following = here.spawnC3po(server.address4);
    await following.waitForLine(/^wg0 /);
    const next = await untilMinute(0);
    await waitFor(async () => await here.endpoint() === await endpointIn(next), {
      what: "endpoint of the next minute",
    });
    await here.reaches(there);
    following.kill("SIGTERM");
    assertEquals((await following.finished()).code, 0);
    assertEquals(serve.events("ban"), []);
    assertEquals((await serve.stop()).code, 0);
    // What was dropped while it was hidden is let in again.
    await here.addPeer(there, `${server.address4}:${PORT}`);
    await here.reaches(there);
  },
);

kernelTest("c3po wg says what is missing, as wg tells it", async () => {
  await using lab = await Lab.create();
  const { user, server } = lab;
  await putKey(user, "default", "c3po-1-MHPLKS3YtfvIv5A92tsqiq-CIx4LHiLHY2XoK6i5qj0");
  const here = await WireGuard.start(user, "10.200.0.2");
  const refused = async (args: string[], ...said: string[]): Promise<void> => {
    const { code, stdout, stderr } = await here.c3po(...args);
    assertEquals([code, stdout], [1, ""], stderr);
    for (const text of said) assertStringIncludes(stderr, text);
  };
  await refused([], 'c3po: error: "wg0" has no peer', "c3po: hint: see: wg show wg0");
  const there = await WireGuard.start(server, "10.200.0.1", PORT);
  await here.addPeer(there);
  await refused([], 'the peer of "wg0" has no endpoint yet', "c3po wg wg0 HOST");
  await here.wg("set", "wg0", "peer", "Y4vpos0AJIqDRHHfjUMkoeq2NPfKzME7QCQpeiwPmWc=");
  await refused([], '"wg0" has 2 peers', "--peer");
  const missing = await user.c3po(["wg", "wg9", server.address4]);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.stderr, 'wg cannot show "wg9": ');
  assertStringIncludes(missing.stderr, "c3po: hint: bring it up first: wg-quick up wg9");
});
