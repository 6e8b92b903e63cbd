import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LogBudget } from "../../src/core/budget.ts";
import { Friends, MOST_FRIENDS, SessionAges } from "../../src/core/friends.ts";
import { PendingHits, readHit } from "../../src/core/hits.ts";
import { sessionsOf } from "../../src/core/sockets.ts";
import { Crowd, roomFor, TARPIT } from "../../src/core/tarpit.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;

Deno.test("a hit says who, what a ban covers, and which trap", () => {
  const entry = (element: string) => readHit(`${element} timeout 3600`);
  assertEquals(entry("192.0.2.1,tcp:4711"), {
    source: "192.0.2.1",
    unit: { family: 4, text: "192.0.2.1" },
    port: 4711,
  });
  assertEquals(entry("2001:db8::9,tcp:23")?.unit.text, "2001:db8::/64");
  for (const line of ["Name: c3po-hit4", "Members:", ""]) assertEquals(readHit(line), null);
});

Deno.test("a pending hit waits for its connection, once, and not for ever", () => {
  const pending = new PendingHits();
  for (let i = 0; i < 16_385; i++) {
    pending.add(readHit(`10.0.${i >> 8}.${i & 255},tcp:23`)!);
  }
  assertEquals(pending.take("10.0.0.0"), undefined);
  assertEquals(pending.take("10.0.0.1")?.port, 23);
  assertEquals(pending.take("10.0.0.1"), undefined);
});

Deno.test("of a crowd, the oldest guest of whoever has most goes first", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.boolean())), (steps) => {
    const crowd = new Crowd<number>();
    const held: { address: string; guest: number }[] = [];
    for (const [step, [choice, comes]] of steps.entries()) {
      if (comes) {
        held.push({ address: `192.0.2.${choice}`, guest: step });
        crowd.add(`192.0.2.${choice}`, step);
      } else if (held.length > 0) {
        const [gone] = held.splice(choice % held.length, 1);
        crowd.delete(gone!.address, gone!.guest);
        crowd.delete(gone!.address, gone!.guest);
      }
      const of = (address: string) => held.filter((each) => each.address === address);
      const most = Math.max(0, ...held.map(({ address }) => of(address).length));
      const first = held.find(({ guest }) => guest === crowd.first);
      if (held.length === 0) assertEquals(crowd.first, undefined);
      else assertEquals([of(first!.address).length, of(first!.address)[0]], [most, first]);
    }
  }));
});

Deno.test("the tarpit leaves the daemon the files it needs", () => {
  assertEquals(roomFor(65_536), TARPIT.most);
  assertEquals(roomFor(300), 44);
  assertEquals(roomFor(10), 1);
});

Deno.test("a burst of lines is cut short, and what was left out is counted once", () => {
  const budget = new LogBudget(2, 1000);
  assertEquals([0, 1, 2, 3].map((ms) => budget.take(NOW + ms)), [true, true, false, false]);
  assertEquals(budget.settle(NOW + 999), 0);
  assertEquals(budget.settle(NOW + 1000), 2);
  assertEquals(budget.settle(NOW + 2000), 0);
  assertEquals(budget.take(NOW + 2000), true);
  assertEquals([1, 2].map((ms) => budget.take(NOW + 2000 + ms)), [true, false]);
  assertEquals(budget.settle(Infinity), 1);
  assertEquals(budget.take(NOW - DAY), true);
});

Deno.test("a friend stays one for as long as the last login counts", () => {
  const friends = new Friends(30 * 86_400);
  assertEquals(friends.welcome("192.0.2.1", NOW), true);
  assertEquals(friends.welcome("192.0.2.1", NOW + 1000), false);
  assertEquals(friends.welcome("192.0.2.1", NOW + DAY), true);
  assertEquals(friends.has("192.0.2.1", NOW + 31 * DAY - 1), true);
  assertEquals(friends.has("192.0.2.1", NOW + 31 * DAY), false);
  assertEquals(friends.has("192.0.2.2", NOW), false);
  const again = new Friends(30 * 86_400, friends.list(NOW));
  assertEquals(again.list(NOW), [{ address: "192.0.2.1", until: NOW + 31 * DAY }]);
  assertEquals(again.list(NOW + 31 * DAY), []);
});

Deno.test("the kernel is told of a friend for as long as it can remember", () => {
  const friends = new Friends(30 * 86_400);
  friends.welcome("192.0.2.1", NOW);
  friends.welcome("2001:db8::/64", NOW);
  assertEquals(
    friends.entries(NOW),
    "add c3po-friend4 192.0.2.1 timeout 2147483 -exist\n" +
      "add c3po-friend6 2001:db8:: timeout 2147483 -exist\n",
  );
  assertEquals(
    friends.entries(NOW + 29 * DAY).split("\n")[0],
    "add c3po-friend4 192.0.2.1 timeout 86400 -exist",
  );
});

Deno.test("there are no friends with friends off, and not too many without", () => {
  const none = new Friends(0, [{ address: "192.0.2.1", until: NOW + DAY }]);
  assertEquals([none.welcome("192.0.2.2", NOW), none.list(NOW)], [false, []]);
  const many = new Friends(DAY / 1000);
  for (let i = 0; i <= MOST_FRIENDS; i++) many.welcome(`10.0.${i >> 8}.${i & 255}`, NOW);
  assertEquals(many.list(NOW).length, MOST_FRIENDS);
  assertEquals(many.has("10.0.0.0", NOW), false);
});

Deno.test("only a session that outlives sshd's patience proves a login", () => {
  const session = (id: string) => ({ id, address: `192.0.2.${id}` });
  const ages = new SessionAges(10);
  const old = session("1");
  assertEquals(ages.look([old], 120), []);
  assertEquals(ages.waits, false);
  const proven: string[][] = [];
  for (let look = 0; look < 14; look++) {
    proven.push(ages.look([old, session("2")], 120));
    assertEquals(ages.waits, look < 13);
  }
  assertEquals(proven.slice(0, 13).flat(), []);
  assertEquals(proven[13], ["192.0.2.2"]);
  // One that ends and comes back starts anew; one from before the start never counts.
  ages.look([old], 120);
  assertEquals(ages.look([old, session("2")], 120), []);
});

Deno.test("sessions are read from the kernel's table, but for those from this machine", () => {
  const line = (local: string, remote: string, state: string, inode = 77): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    line("01004D0A:0016", "01014D0A:C350", "01"),
    line("01004D0A:0016", "02014D0A:C350", "06"),
    line("01004D0A:0050", "03014D0A:C350", "01"),
    line("0100007F:0016", "0100007F:C350", "01"),
    line("01004D0A:0016", "01004D0A:C350", "01"),
    line("00000000:0016", "00000000:0000", "0A"),
    line("0000000000000000FFFF000001004D0A:0016", "0000000000000000FFFF00000509A8C0:0001", "01"),
    line("000077FD000000000000000001000000:0016", "000077FD000000000000010002000000:0001", "01"),
  ].join("\n");
  assertEquals(sessionsOf(table, 22), [
    { id: "01014D0A:C350/77", address: "10.77.1.1" },
    { id: "0000000000000000FFFF00000509A8C0:0001/77", address: "192.168.9.5" },
    { id: "000077FD000000000000010002000000:0001/77", address: "fd77::1:0:0:2" },
  ]);
});
