import { assertEquals, assertRejects } from "@std/assert";
import { linesOf, wholeOf } from "../../src/os/lines.ts";

/** A stream of bytes, as a child process has it, in these pieces; it breaks at their end if told so. */
function streamOf(pieces: readonly Uint8Array[], breaks = false): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream({
    type: "bytes",
    pull: (controller) => {
      const piece = left.shift();
      if (piece !== undefined) return controller.enqueue(piece.slice());
      if (breaks) throw new Error("broken");
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

const TEXT = "first\nsécond\nläst";

Deno.test("lines are whole, wherever the pieces of a stream begin", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let at = 0; at <= bytes.length; at++) {
    const pieces = [bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0);
    const lines = (await Array.fromAsync(linesOf(streamOf(pieces)))).flat();
    assertEquals(lines, ["first", "sécond", "läst"]);
    assertEquals(await wholeOf(streamOf(pieces)), TEXT);
  }
});

Deno.test("a stream that breaks, or is given up, spoils no other one", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let i = 0; i < 3; i++) {
    await assertRejects(() => wholeOf(streamOf([bytes], true)), Error, "broken");
    for await (const [line] of linesOf(streamOf([bytes]))) {
      assertEquals(line, "first");
      break;
    }
    const end = new AbortController();
    const never = new ReadableStream({ type: "bytes" });
    const waiting = Array.fromAsync(linesOf(never, end.signal));
    end.abort();
    assertEquals(await waiting, []);
    assertEquals(await wholeOf(streamOf([bytes])), TEXT);
  }
});
