import { assertEquals } from "@std/assert";
import { parseKey } from "../../src/schedule/key_text.ts";
import { type Door, type MinutePlan, windowsOf } from "../../src/schedule/windows.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import type { User } from "../../src/users/registry.ts";
import vectors from "../vectors-derived.json" with { type: "json" };

const MINUTES = 200;
const NOTHING = new Set<number>();
const POLICY = { grace: 15, taken: NOTHING, occupied: NOTHING, tripwires: [], own: NOTHING };

/** A user whose key is the same in each run, and another one for each number from 0 to 255. */
function user(name: string, number: number, services = ["ssh"]): User {
  return {
    name,
    key: { kind: "random", bytes: new Uint8Array(32).fill(number) },
    services,
    expires: null,
    from: [],
    state: "open",
    fingerprint: null,
  };
}

const ALICE = user("alice", 1, ["ssh", "postgres"]);

/** What the keys say of 200 minutes and the two beside them, in which alice has so many others before her. */
async function plansWith(others: number): Promise<readonly MinutePlan[]> {
  const before = Array.from({ length: others }, (_, i) => user(`user${i}`, i + 100));
  const demand = { users: [...before, ALICE], services: [{ name: "postgres" }], traps: 2 };
  const trapKey = parseKey(vectors.derive[4]!.key);
  const planner = await PortPlanner.of(demand, () => Promise.resolve(trapKey));
  const minutes = Array.from({ length: MINUTES + 2 }, (_, i) => vectors.minute - 1 + i);
  return await Promise.all(minutes.map((minute) => planner.plan(minute)));
}

function ofAlice(doors: readonly Door[]): Door[] {
  return doors.filter((door) => door.user === "alice");
}

Deno.test("a user's ports over 200 minutes are the same with no other user, with one and with fifty", async () => {
  const [alone, one, fifty] = await Promise.all([0, 1, 50].map(plansWith));
  const expected = alone!.map(({ minute, doors }) => ({ minute, doors: ofAlice(doors) }));
  assertEquals(expected[1]!.doors.map(({ service }) => service), ["ssh", "postgres"]);
  for (const plans of [one!, fifty!]) {
    assertEquals(plans.map(({ minute, doors }) => ({ minute, doors: ofAlice(doors) })), expected);
    // Opened, too: no other user takes a port of ssh away, and it is no trap.
    const { windows } = windowsOf(plans, POLICY);
    assertEquals(windows.length, MINUTES);
    for (const [i, { doors, traps }] of windows.entries()) {
      const [ssh] = expected[i + 1]!.doors;
      assertEquals(ofAlice(doors).filter(({ service }) => service === "ssh"), [ssh]);
      assertEquals(traps.includes(ssh!.port), false);
    }
  }
});
