import { assertEquals } from "@std/assert";
import { Arrivals, beganWith, parseStat } from "../../src/os/process_stat.ts";

const STAT = "4711 (a) b (c) S 812 4711 4711 0 -1 4194624 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2\n";

Deno.test("a process is known by its number, its parent and when it began", () => {
  assertEquals(parseStat(STAT), { pid: 4711, parent: 812, began: 98_765 });
  for (const text of ["", "\n", "4711 (a) S 812", "cat: no such file"]) {
    assertEquals(parseStat(text), null, text);
  }
});

Deno.test("an arrival came between the look that first saw it and the one before", () => {
  const session = (id: string) => ({ id, address: "192.0.2.1", inode: 7 });
  const arrivals = new Arrivals([session("old")], 1000);
  assertEquals(arrivals.look([session("old")], 1100), []);
  const came = { session: session("new"), after: 1100, before: 1200 };
  assertEquals(arrivals.look([session("old"), session("new")], 1200), [came]);
  assertEquals(arrivals.look([session("new")], 1300), [came]);
  assertEquals(arrivals.look([], 1400), []);
});

Deno.test("sshd's process of a connection begins with it, or a little later", () => {
  const arrival = {
    session: { id: "new", address: "192.0.2.1", inode: 7 },
    after: 1100,
    before: 1200,
  };
  const isIts = (began: number) => beganWith(arrival)({ pid: 2, parent: 1, began });
  assertEquals([1099, 1100, 1200, 1700, 1701].map(isIts), [false, true, true, true, false]);
});
