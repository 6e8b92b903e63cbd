import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseAddress, parseBanned, parseCidr } from "../../../src/os/address.ts";
import { Failure } from "../../../src/os/errors.ts";
import { failures } from "../../../src/firewall/memory.ts";
import { minuteAt } from "../../../src/schedule/minute.ts";
import { reportFile } from "../../../src/server/report_file.ts";
import { Server, START, TARPIT_PORT } from "./server.ts";

const USER = "198.51.100.7";
const SCANNER = "192.0.2.66";

async function answer(server: Server): Promise<string> {
  return server.kernel.connect(USER, (await server.ports()).ssh);
}

Deno.test("rules that another tool flushes are back within seconds, and ports lead where they did", async () => {
  await using server = await Server.start();
  await server.pass(60);
  server.kernel.flushRules("firewalld");
  assertEquals(await answer(server), "refused");
  await server.pass(3);
  assertEquals(await answer(server), "service ssh");
  assertEquals(server.logged("firewall_drift")[0]!.fields, {
    gone: "IPv4 rules, IPv6 rules",
    by: "firewalld",
  });
  const report = await server.report();
  assertEquals([report!.repairs, report!.lastRepair!.what], [1, "IPv4 rules, IPv6 rules"]);
});

Deno.test("who is told that it started finds a report", async () => {
  const sizes: number[] = [];
  await using _ = await Server.start({
    before: async ({ lines, folder }) => {
      const file = await reportFile(folder);
      const push = lines.push.bind(lines);
      lines.push = (line) => {
        if (line!.event === "started") sizes.push(Deno.statSync(file).size);
        return push(line!);
      };
    },
  });
  assertEquals(sizes.length, 1);
  assert(sizes[0]! > 0);
});

Deno.test("sets that another tool empties are filled again: rules first, bans last", async () => {
  await using server = await Server.start({ config: { allow: [parseCidr("203.0.113.0/24")] } });
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  server.kernel.connect(USER, (await server.ports()).ssh);
  server.logins.push({ address: USER, account: "ann" });
  await server.pass(30);
  server.calls.length = 0;
  server.kernel.flushSets();
  await server.pass(12);
  const done = server.calls.map(({ method }) => method)
    .filter((method) => ["load", "trust", "allow", "ban"].includes(method));
  assertEquals(done, ["load", "trust", "allow", "ban"]);
  const sets = server.kernel.sets.get(4)!;
  assertEquals(sets.bans.list().map(({ text }) => text), [SCANNER]);
  assert(sets.bans.list()[0]!.seconds! > 840, "with the time that was left");
  assertEquals(sets.trusted.list().map(({ text }) => text), [USER]);
  assertEquals([...sets.allowed.keys()], ["203.0.113.0/24"]);
});

Deno.test("who logs in through a port of C3PO is trusted for thirty days, and over restarts", async () => {
  const first = await Server.start();
  await answer(first);
  first.logins.push({ address: USER, account: "ann" }, { address: SCANNER, account: "eve" });
  await first.pass(12);
  assertEquals(first.logged("login").map(({ fields }) => fields), [
    { user: "default", address: USER, account: "ann" },
  ], "nobody else touched a door");
  const trusted = (server: Server): (number | null)[] =>
    server.kernel.sets.get(4)!.trusted.list().map(({ seconds }) => seconds);
  assert(trusted(first)[0]! > 2_147_483 - 12, "as long as the kernel can keep");
  await first.stop();
  await using second = await Server.start({ after: first });
  assertEquals(trusted(second), [2_147_483]);
  second.clock.suspend(29 * 86_400_000);
  await second.pass(60);
  assert(trusted(second)[0]! <= 86_400, "the kernel is told again each day");
  assert(trusted(second)[0]! > 86_000);
  await second.pass(86_400);
  assertEquals(trusted(second), []);
});

Deno.test("a login is looked for as long as sshd may take, and not longer", async () => {
  await using server = await Server.start();
  await answer(server);
  await server.pass(140);
  server.logins.push({ address: USER, account: null });
  await server.pass(12);
  assertEquals(server.logged("login").length, 1);
  server.logins.length = 0;
  await answer(server);
  await server.pass(200);
  server.logins.push({ address: USER, account: null });
  await server.pass(60);
  assertEquals(server.logged("login").length, 1);
});

Deno.test("nobody is trusted where that is off, and a login is counted all the same", async () => {
  await using server = await Server.start({ config: { friends: 0 } });
  await answer(server);
  server.logins.push({ address: USER, account: null });
  await server.pass(12);
  assertEquals(server.kernel.sets.get(4)!.trusted.list(), []);
  assertEquals((await server.report())!.logins, 1);
});

Deno.test("whoever starts serve over SSH is trusted, and a ban of theirs ends", async () => {
  const first = await Server.start();
  first.kernel.connect(USER, await first.trap());
  await first.pass(11);
  await first.stop();
  const admin = { address: USER, serverAddress: "203.0.113.1", serverPort: 22 };
  await using second = await Server.start({ after: first, admin });
  assertEquals(await second.firewall.bans(9), []);
  assertEquals(second.kernel.sets.get(4)!.trusted.has(USER), true);
  assertEquals(await answer(second), "service ssh");
});

Deno.test("a start that would shut out whoever starts it changes nothing", async () => {
  const left: Server[] = [];
  await assertRejects(
    () =>
      Server.start({
        admin: { address: USER, serverAddress: "203.0.113.1", serverPort: 22 },
        before: (server) => {
          left.push(server);
          server.listeners.system.delete(22);
        },
      }),
    Failure,
    "no sshd listens on port 22",
  );
  assertEquals(left[0]!.calls.map(({ method }) => method), ["examine", "forwards"]);
  await left[0]![Symbol.asyncDispose]();
});

Deno.test("the report says what the kernel has and what has happened", async () => {
  await using server = await Server.start();
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  await server.pass(11);
  const report = (await server.report())!;
  assertEquals(report.windows, server.kernel.rules.get(4)!.windows);
  const minute = minuteAt(START);
  assertEquals(report.windows.map((each) => each.minute - minute).includes(0), true);
  const { pid, startedAt, engine, sshPort, range, grace, isFailing, hits, bans, loads } = report;
  assertEquals({ pid, startedAt, engine, sshPort, range, grace, isFailing, hits, bans, loads }, {
    pid: Deno.pid,
    startedAt: START,
    engine: "memory",
    sshPort: 22,
    range: "1024-65535",
    grace: 15,
    isFailing: false,
    hits: 1,
    bans: 1,
    loads: 1,
  });
  const [ban] = report.recent;
  assertEquals([ban!.address, ban!.port, ban!.trigger, ban!.offences, ban!.seconds], [
    SCANNER,
    await server.trap(),
    "syn",
    1,
    900,
  ]);
});

Deno.test("a report is written when there is news, and not otherwise", async () => {
  await using server = await Server.start();
  await server.pass(30);
  const file = async () => (await Deno.stat(`${server.folder}`)).mtime!.getTime();
  const before = await file();
  await server.pass(200);
  assertEquals(await file(), before);
});

Deno.test("a reload puts the new configuration in place of the old without a gap", async () => {
  await using server = await Server.start();
  server.kernel.connect(SCANNER, await server.trap(), { complete: false });
  await server.pass(11);
  server.calls.length = 0;
  await server.reload({ banTime: 60, allow: [parseCidr("203.0.113.0/24")], fail: "closed" });
  assertEquals(server.calls.some(({ method }) => method === "remove"), false);
  assertEquals(await answer(server), "service ssh");
  assertEquals(server.kernel.rules.get(4)!.policy.banSeconds, 60);
  assertEquals(server.kernel.rules.get(4)!.policy.services[0]!.fail, "closed");
  assertEquals([...server.kernel.sets.get(4)!.allowed.keys()], ["203.0.113.0/24"]);
  assertEquals((await server.firewall.bans(9))!.map(({ address }) => address.text), [SCANNER]);
  assertEquals(server.told.filter((what) => what !== "alive"), [
    ...["ready", "status", "reloading", "ready", "status"],
  ]);
  await server.reload({});
  assertEquals([...server.kernel.sets.get(4)!.allowed.keys()], [], "what is allowed no more");
  assertEquals(server.logged("reloaded").length, 2);
});

Deno.test("a configuration that cannot be read leaves the old one in place", async () => {
  await using server = await Server.start();
  await server.reload(new Failure('traps in /etc/c3po/server.toml: "x" is no number'));
  const [line] = server.logged("reload_failed");
  assertEquals([line!.level, line!.fields["error"]], [
    "error",
    'traps in /etc/c3po/server.toml: "x" is no number',
  ]);
  await server.pass(900);
  assertEquals(await answer(server), "service ssh");
});

Deno.test("a configuration that cannot be put in place gives way to the old one", async () => {
  await using server = await Server.start();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const metrics = { hostname: "127.0.0.1", port: taken.addr.port };
  await server.reload({ metrics, banTime: 60 });
  taken.close();
  assertEquals(server.logged("reload_failed").length, 1);
  assertEquals(server.kernel.rules.get(4)!.policy.banSeconds, 900);
  await server.pass(900);
  assertEquals([server.error, await answer(server)], [null, "service ssh"]);
});

Deno.test("a reload while the kernel does not answer is tried until it does", async () => {
  await using server = await Server.start();
  server.firewall.fail("load", () => failures.stuck(), { times: 4 });
  server.waiting = 1;
  await server.reload({ banTime: 60 });
  await server.pass(60);
  server.waiting = 3;
  await server.pass(60);
  assertEquals(server.error, null);
  assertEquals(await answer(server), "service ssh");
  assert(server.logged("serve_failed").length >= 1);
  assertEquals(server.logged("started").length, 2);
});

Deno.test("what an earlier run left is taken over, and nothing of it lost, without a gap", async () => {
  const first = await Server.start();
  await first.firewall.ban([{ address: parseBanned(SCANNER), seconds: 800 }]);
  await using second = await Server.start({ after: first });
  assertEquals(second.calls.some(({ method }) => method === "remove"), false);
  assertEquals(await answer(second), "service ssh");
  assertEquals((await second.firewall.bans(9))!.length, 1);
  await first[Symbol.asyncDispose]();
});

Deno.test("at a restart the kernel keeps rules and bans until the next start takes them over", async () => {
  const first = await Server.start();
  await first.firewall.ban([{ address: parseBanned(SCANNER), seconds: 800 }]);
  await first.stop("SIGUSR2");
  assertEquals(first.calls.some(({ method }) => method === "remove"), false);
  assertEquals([first.logged("handed_over").length, first.logged("stopped").length], [1, 0]);
  assertEquals(await answer(first), "service ssh");
  assertEquals(first.kernel.connect(SCANNER, 22), "silence");
  await using second = await Server.start({ after: first });
  assertEquals(second.calls.some(({ method }) => method === "remove"), false);
  assertEquals((await second.firewall.bans(9))!.length, 1);
  await second.stop();
  assertEquals(second.kernel.rules.size, 0);
});

Deno.test("at a stop nothing is opened that fails closed, and its ports close", async () => {
  const web = { name: "web", port: 8443, hidden: true };
  for (
    const [config, ports] of [
      [{ fail: "closed" }, "22"],
      [{ services: [web] }, "8443"],
      [{ fail: "closed", services: [web] }, "22,8443"],
    ] as const
  ) {
    const first = await Server.start({ config });
    await first.firewall.ban([{ address: parseBanned(SCANNER), seconds: 800 }]);
    const { ssh } = await first.ports();
    await first.stop();
    assertEquals(first.logged("left_closed")[0]!.fields["ports"], ports);
    const isOpen = (port: number): string => first.kernel.connect("198.51.100.9", port);
    for (const port of [22, 8443]) {
      const isClosed = ports.split(",").includes(String(port));
      assertEquals(isOpen(port) === "silence", isClosed, `${ports}: ${port} ${isOpen(port)}`);
    }
    assertEquals(isOpen(ssh), "refused");
    await using second = await Server.start({ after: first, config });
    assertEquals(await answer(second), "service ssh");
    await second.firewall.remove(); // as c3po serve --undo does
    assertEquals(isOpen(22), "service ssh");
  }
});

Deno.test("what keeps doors shut is told at the start, with the way out", async () => {
  await using server = await Server.start({
    before: ({ kernel }) =>
      kernel.obstacles.push({ what: "policy DROP of IPv4 INPUT", remedy: "ufw allow" }),
  });
  assertEquals(server.logged("firewall_denies").map(({ sentence, fields }) => [sentence, fields]), [
    ["policy DROP of IPv4 INPUT", { next: "ufw allow" }],
  ]);
});

const NOTRACK = {
  what: '"-j NOTRACK" of IPv4 raw PREROUTING',
  remedy: "remove it",
  isTotal: true,
} as const;

Deno.test("beside a rule that keeps every port shut it does not start, and changes nothing", async () => {
  const left: Server[] = [];
  const error = await assertRejects(
    () =>
      Server.start({
        before: (server) => {
          left.push(server);
          server.kernel.obstacles.push(NOTRACK);
        },
      }),
    Failure,
    `SSH would be shut: ${NOTRACK.what}`,
  );
  assertEquals(error.hint, "remove it; to start anyway: --force");
  assertEquals(left[0]!.callsOf("load"), []);
  await left[0]![Symbol.asyncDispose]();
});

Deno.test("a rule that comes later and keeps doors shut is told once", async () => {
  await using server = await Server.start();
  server.kernel.obstacles.push(NOTRACK);
  server.kernel.changed("iptables");
  await server.pass(5);
  server.kernel.changed("iptables");
  await server.pass(5);
  assertEquals(server.logged("firewall_shut").map(({ sentence }) => sentence), [NOTRACK.what]);
});

Deno.test("the tarpit's own port is no trap and no door", async () => {
  await using server = await Server.start({ config: { tripwire: [TARPIT_PORT, 23] } });
  for (const { traps, doors } of server.kernel.rules.get(4)!.windows) {
    assert(traps.includes(23) && !doors.some(({ port }) => port === TARPIT_PORT));
  }
  assertEquals(server.kernel.connect(parseAddress(SCANNER).text, 23), "tarpit");
});
