import { assertEquals } from "@std/assert";
import { Failure } from "../../src/os/errors.ts";
import type { Finding } from "../../src/os/finding.ts";
import type { Reached } from "../../src/os/reach_out.ts";
import { parseAddress } from "../../src/os/address.ts";
import { PROBE_RANGES } from "../../src/os/probe_addresses.ts";
import { judge, type Seen, windowToProbe } from "../../src/server/probe_verdict.ts";
import { Server } from "./daemon/server.ts";

const PORTS = { sshPort: 22, door: 4000, trap: 5000, isHidden: true };
const SSH: Reached = { answer: "open", line: "SSH-2.0-OpenSSH_9.6" };
const MUTE: Reached = { answer: "open", line: null };
const REFUSED: Reached = { answer: "refused", line: null };
const SILENT: Reached = { answer: "silent", line: null };
const WELL: Seen = {
  answers: true,
  door: [SSH, SSH],
  trap: [MUTE, REFUSED],
  hidden: [SILENT],
};

const VERDICTS: readonly (readonly [string, Partial<Seen>, Finding["grade"], RegExp])[] = [
  ["all is well", {}, "ok", /^IPv4: the port .* reaches sshd, a trap bans, port 22 is hidden$/],
  ["sshd itself answers", { hidden: [SSH] }, "fail", /port 22 reaches sshd though/],
  ["something else answers there", { hidden: [MUTE] }, "fail", /in place of sshd/],
  [
    "nothing is redirected",
    { door: [REFUSED, REFUSED], trap: [REFUSED, REFUSED] },
    "fail",
    /the rules have no effect/,
  ],
  ["the door bans like a trap", { door: [SSH, REFUSED] }, "warn", /does not reach sshd/],
  ["others shut the door", { door: [SILENT, SILENT] }, "warn", /does not reach sshd/],
  ["a trap is closed", { trap: [REFUSED, SSH] }, "fail", /the trap 5000 does not answer/],
  ["a trap does not ban", { trap: [MUTE, SSH] }, "fail", /does not ban/],
  [
    "sshd does not listen in this family",
    { answers: false, door: [REFUSED, REFUSED] },
    "ok",
    /^IPv4: a trap bans, port 22 is hidden, sshd does not listen$/,
  ],
  ["no port leads to sshd", { door: [] }, "ok", /no port that is open to everyone leads to sshd/],
];

for (const [name, seen, grade, found] of VERDICTS) {
  Deno.test(`a probe when ${name}: ${grade}`, () => {
    const finding = judge(4, PORTS, { ...WELL, ...seen });
    assertEquals([finding.grade, found.test(finding.found)], [grade, true], finding.found);
    assertEquals(finding.todo === undefined, grade === "ok");
  });
}

Deno.test("a probe takes the window that stays open longest", () => {
  const window = (from: number, until: number) => ({
    minute: from,
    from,
    until,
    doors: [],
    traps: [],
  });
  const windows = [window(0, 75), window(45, 135), window(105, 195)];
  assertEquals(windowToProbe(windows, 50, 12).map(({ from }) => from), [45, 0]);
  assertEquals(windowToProbe(windows, 70, 12).map(({ from }) => from), [45]);
  assertEquals(windowToProbe([window(0, 60)], 55, 12), []);
});

const FAILED: Finding = { grade: "fail", what: "probe", found: "IPv6: port 22", todo: "look" };

Deno.test("with probe the rules are tried after the start and each repair, and status tells", async () => {
  const found: Finding[][] = [[{ grade: "ok", what: "probe", found: "IPv4: all" }], [FAILED]];
  await using server = await Server.start({
    config: { probe: true },
    before: (each) => each.probe = () => Promise.resolve(found.shift() ?? []),
  });
  await server.pass(1);
  assertEquals(server.logged("probe_passed").map(({ sentence }) => sentence), ["IPv4: all"]);
  server.kernel.flushRules("firewalld");
  await server.pass(15);
  assertEquals(server.logged("probe_failed").map(({ sentence, fields }) => [sentence, fields]), [
    ["IPv6: port 22", { next: "look" }],
  ]);
  assertEquals((await server.report())!.lastProbe!.failed, "IPv6: port 22");
});

Deno.test("where no probe can be made it is said once, and serve goes on", async () => {
  await using server = await Server.start({
    config: { probe: true },
    before: (each) =>
      each.probe = () => Promise.reject(new Failure("cannot create a network namespace")),
  });
  server.kernel.flushRules("firewalld");
  await server.pass(15);
  assertEquals(server.logged("probe_impossible").length, 1);
  assertEquals((await server.report())!.lastProbe, null);
});

Deno.test("without the option nothing is probed", async () => {
  let count = 0;
  await using server = await Server.start({
    before: (each) =>
      each.probe = () => {
        count++;
        return Promise.resolve([]);
      },
  });
  await server.pass(60);
  assertEquals(count, 0);
});

Deno.test("what a probe touches is no offence, no hit and no arrival", async () => {
  await using server = await Server.start();
  const { ssh } = await server.ports();
  const trap = await server.trap();
  for (const text of [PROBE_RANGES[4].guests[1], PROBE_RANGES[6].guests[1]]) {
    const source = parseAddress(text).text;
    assertEquals(server.kernel.connect(source, trap), "tarpit");
    server.kernel.connect(source, ssh);
  }
  await server.pass(15);
  const report = (await server.report())!;
  assertEquals([report.hits, report.bans, report.arrivals], [0, 0, 0]);
  assertEquals(server.logged("ban"), []);
});
