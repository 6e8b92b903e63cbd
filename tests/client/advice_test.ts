import { assertEquals, assertMatch } from "@std/assert";
import { explain } from "../../src/client/advice.ts";

Deno.test("a connection to a door that leads nowhere says what else may be wrong than without one", () => {
  const unreached = { own: "silent", others: ["silent"], held: false } as const;
  const door = "2001:db8:0:aa::/64";
  const withDoor = explain("web", { ...unreached, door }, "a file");
  const without = explain("web", { ...unreached, door: null }, "a file");
  assertEquals(withDoor.message, without.message);
  assertEquals(withDoor.hint!.startsWith(without.hint!), true);
  const more = withDoor.hint!.slice(without.hint!.length);
  assertMatch(more, /^; the address is in the door 2001:db8:0:aa::\/64: .*--door off$/);
});
