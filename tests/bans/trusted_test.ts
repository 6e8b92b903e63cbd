import { assertEquals } from "@std/assert";
import { parseBanned } from "../../src/os/address.ts";
import { TrustedAddresses } from "../../src/bans/trusted.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;
const USER = parseBanned("192.0.2.1");

Deno.test("an address is trusted for as long as the last login counts", () => {
  const trusted = new TrustedAddresses(30 * 86_400);
  assertEquals(trusted.add(USER, NOW), { address: USER, until: NOW + 30 * DAY });
  assertEquals(trusted.add(USER, NOW + 1000), null, "the kernel and the disk know");
  assertEquals(trusted.add(USER, NOW + DAY), { address: USER, until: NOW + 31 * DAY });
  assertEquals(trusted.has(USER, NOW + 31 * DAY - 1), true);
  assertEquals(trusted.has(USER, NOW + 31 * DAY), false);
  assertEquals(trusted.has(parseBanned("192.0.2.2"), NOW), false);
  const again = new TrustedAddresses(30 * 86_400, trusted.list(NOW));
  assertEquals(again.list(NOW), [{ address: USER, until: NOW + 31 * DAY }]);
  assertEquals(again.list(NOW + 31 * DAY), []);
});

Deno.test("all of a /64 is trusted as one", () => {
  const trusted = new TrustedAddresses(60);
  trusted.add(parseBanned("2001:db8::1"), NOW);
  assertEquals(trusted.has(parseBanned("2001:db8::ffff"), NOW), true);
  assertEquals(trusted.has(parseBanned("2001:db8:0:1::1"), NOW), false);
});

Deno.test("nobody is trusted where a login counts for nothing, and not too many otherwise", () => {
  const none = new TrustedAddresses(0, [{ address: USER, until: NOW + DAY }]);
  assertEquals([none.add(parseBanned("192.0.2.2"), NOW), none.list(NOW)], [null, []]);
  const most = 16_384;
  const many = new TrustedAddresses(DAY / 1000);
  for (let i = 0; i <= most; i++) many.add(parseBanned(`10.0.${i >> 8}.${i & 255}`), NOW);
  assertEquals(many.list(NOW).length, most);
  assertEquals(many.has(parseBanned("10.0.0.0"), NOW), false, "the oldest is forgotten");
  assertEquals(many.has(parseBanned("10.0.0.1"), NOW), true);
});
