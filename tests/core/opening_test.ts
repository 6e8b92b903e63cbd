import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MINUTE_MS } from "../../src/core/minute.ts";
import {
  isOpenAlready,
  LINGER,
  nextChange,
  openingAt,
  type PortRules,
} from "../../src/core/opening.ts";
import type { Neighbours } from "../../src/core/schedule.ts";

const MINUTE = 29_922_240;
const START = MINUTE * MINUTE_MS;
const PORTS: Neighbours = {
  previous: { minute: MINUTE - 1, ssh: 1001, traps: [2003, 3001] },
  current: { minute: MINUTE, ssh: 1002, traps: [2001, 2002, 2003] },
  next: { minute: MINUTE + 1, ssh: 1003, traps: [4001] },
};
const RULES: PortRules = { grace: 15, taken: new Set(), tripwires: [], own: new Set([22, 61023]) };

function at(second: number, rules: Partial<PortRules> = {}, ports = PORTS): {
  ssh: number[];
  traps: number[];
  blocked: readonly number[];
} {
  const { ssh, traps, blocked } = openingAt(START + second * 1000, ports, { ...RULES, ...rules });
  return { ssh: ssh.map(({ port }) => port), traps: traps.map(({ port }) => port), blocked };
}

Deno.test("within the grace the neighbour's SSH port is open too, at both ends of a minute", () => {
  assertEquals(at(0).ssh, [1001, 1002]);
  assertEquals(at(14.999).ssh, [1001, 1002]);
  assertEquals(at(15).ssh, [1002]);
  assertEquals(at(44.999).ssh, [1002]);
  assertEquals(at(45).ssh, [1002, 1003]);
  assertEquals(at(59.999).ssh, [1002, 1003]);
});

Deno.test("no minute's SSH port is open without its traps, so that it cannot be told from them", () => {
  assertEquals(at(0).traps, [2003, 3001, 2001, 2002]);
  assertEquals(at(30).traps, [2001, 2002, 2003]);
  assertEquals(at(45).traps, [2001, 2002, 2003, 4001]);
  const { ssh, traps } = openingAt(START, PORTS, RULES);
  const left = (port: number): number | undefined =>
    [...ssh, ...traps].find((each) => each.port === port)?.seconds;
  assertEquals([left(1001), left(3001)], [15, 15], "they close together");
  assertEquals([left(1002), left(2001), left(2003)], [75, 75, 75]);
});

Deno.test("without grace only this minute's port is open; with a minute of it, all three are", () => {
  assertEquals([at(0, { grace: 0 }).ssh, at(59.999, { grace: 0 }).ssh], [[1002], [1002]]);
  assertEquals([at(0, { grace: 60 }).ssh, at(59, { grace: 60 }).ssh], [
    [1001, 1002, 1003],
    [1001, 1002, 1003],
  ]);
});

Deno.test("SSH wins a port over traps, also that of the minutes beside it", () => {
  const ports = { ...PORTS, current: { ...PORTS.current, traps: [1001, 1002, 1003, 2001] } };
  assertEquals(at(30, { grace: 0 }, ports).traps, [2001]);
});

Deno.test("a service wins a port over traps and over SSH, and a blocked SSH port is reported", () => {
  const taken = new Set([2001, 1002]);
  assertEquals(at(30, { taken }), { ssh: [], traps: [2002, 2003], blocked: [1002] });
});

Deno.test("the ports of sshd and the tarpit are no traps, and do not block SSH", () => {
  const ports = { ...PORTS, current: { minute: MINUTE, ssh: 22, traps: [61023, 2001] } };
  const taken = new Set([22, 61023]);
  assertEquals(at(30, { taken }, ports), { ssh: [22], traps: [2001], blocked: [] });
});

Deno.test("tripwires are traps in every minute, even sshd's hidden port, but no service's", () => {
  const rules = { tripwires: [22, 23, 80, 1003], taken: new Set([22, 80]) };
  assertEquals(at(30, rules).traps, [2001, 2002, 2003, 22, 23]);
});

Deno.test("ports close by themselves a little after their time", () => {
  const seconds = (second: number, grace: number, loaded = second): number[] =>
    openingAt(START + second * 1000, PORTS, { ...RULES, grace }, START + loaded * 1000)
      .ssh.map((each) => each.seconds);
  assertEquals(seconds(0, 0), [60 + LINGER]);
  assertEquals(seconds(45, 15), [30, 90]);
  assertEquals(seconds(0, 15), [15, 75]);
  assertEquals(seconds(45, 15, 43.5), [32, 92], "counted from when the kernel gets them");
  const { traps } = openingAt(START, PORTS, { ...RULES, grace: 0 });
  assertEquals(traps[0]!.seconds, 60 + LINGER);
});

Deno.test("changes are due at the minute and where a grace begins, never in the past", () => {
  assertEquals(nextChange(START, 15), START + 45_000);
  assertEquals(nextChange(START + 45_000, 15), START + 60_000);
  assertEquals(nextChange(START, 0), START + 60_000);
  assertEquals(nextChange(START, 60), START + 60_000);
  assertEquals(nextChange(START, 2), START + 2000, "shorter than the linger: closed by hand");
});

Deno.test("a minute that begins within a grace has its ports open, unless something came between", () => {
  const { current, next } = PORTS;
  const after = { minute: MINUTE + 2, ssh: 1004, traps: [4001, 4002, 4003] };
  const later = { previous: current, current: next, next: after };
  const open = (grace: number) =>
    openingAt(START + 45_000, PORTS, { ...RULES, grace }, START + 43_500);
  const wanted = (rules: Partial<PortRules>, ports = later) =>
    openingAt(START + MINUTE_MS, ports, { ...RULES, ...rules }, START + 58_700);
  assert(isOpenAlready(open(15), wanted({ grace: 15 })));
  assert(!isOpenAlready(open(15), wanted({ grace: 15, taken: new Set([2001]) })), "a service");
  assert(!isOpenAlready(open(15), wanted({ grace: 15, tripwires: [23] })), "another trap");
  assert(!isOpenAlready(open(15), wanted({ grace: 20 })), "the same ports, for longer");
  assert(!isOpenAlready(open(0), wanted({ grace: 0 })), "other ports");
  const colliding = { ...later, next: { ...after, ssh: 2002 } };
  assert(!isOpenAlready(open(15), wanted({ grace: 15 }, colliding)), "a coming SSH port");
});

Deno.test("between two changes nothing opens, and what closes closes by itself", () => {
  const moment = fc.integer({ min: 0, max: MINUTE_MS - 1 }).map((ms) => START + ms);
  fc.assert(
    fc.property(moment, fc.integer({ min: 0, max: 60 }), fc.nat(59_999), (now, grace, ms) => {
      const later = Math.min(now + ms, nextChange(now, grace) - 1);
      const rules = { ...RULES, grace };
      const first = openingAt(now, PORTS, rules).ssh;
      for (const { port } of openingAt(later, PORTS, rules).ssh) {
        const entry = first.find((each) => each.port === port);
        assert(entry !== undefined, `port ${port} opens between changes`);
        assert(now + entry!.seconds * 1000 >= later, `port ${port} closes too early`);
      }
    }),
  );
});
