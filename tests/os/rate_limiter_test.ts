import { assertEquals } from "@std/assert";
import { RateLimiter } from "../../src/os/rate_limiter.ts";

const NOW = Date.UTC(2026, 10, 22, 12);

Deno.test("a burst of lines is cut short, and what was left out is counted once", () => {
  const limiter = new RateLimiter(2, 1000);
  assertEquals([0, 1, 2, 3].map((ms) => limiter.take(NOW + ms)), [true, true, false, false]);
  assertEquals(limiter.settle(NOW + 999), 0);
  assertEquals(limiter.settle(NOW + 1000), 2);
  assertEquals(limiter.settle(NOW + 2000), 0);
  assertEquals(limiter.take(NOW + 2000), true);
  assertEquals([1, 2].map((ms) => limiter.take(NOW + 2000 + ms)), [true, false]);
  assertEquals(limiter.settle(Infinity), 1);
  assertEquals(limiter.take(NOW - 86_400_000), true, "the clock was set back");
});
