import { assertEquals } from "@std/assert";
import { Inbox } from "../../src/os/inbox.ts";

Deno.test("an inbox reads on while nobody asks, and then tells all of it", async () => {
  let given = 0;
  const inbox = new Inbox((async function* () {
    for (; given < 3; given++) yield await Promise.resolve([`line ${given}`]);
  })());
  await inbox.ended;
  assertEquals(given, 3);
  assertEquals(await inbox.take(), ["line 0", "line 1", "line 2"]);
  assertEquals(await inbox.take(), null);
});

Deno.test("an inbox waits for lines, and for the end", async () => {
  const { readable, writable } = new TransformStream<string[]>();
  const inbox = new Inbox(readable);
  const writer = writable.getWriter();
  const first = inbox.take();
  await writer.write(["a"]);
  assertEquals(await first, ["a"]);
  const last = inbox.take();
  await writer.abort("broken");
  assertEquals(await last, null);
});
