import { assertEquals } from "@std/assert";
import { parseBanned } from "../../src/os/address.ts";
import type { PendingCommand } from "../../src/bans/pending_commands.ts";
import { ManualBans, MOST_MANUAL_BANS, runningBans } from "../../src/bans/manual_bans.ts";

const NOW = Date.UTC(2026, 10, 22, 12);

function ban(address: string, seconds: number): PendingCommand {
  return { do: "ban", address: parseBanned(address), until: NOW + seconds * 1000 };
}

Deno.test("a ban by hand is known until it ends or is forgiven, the last word counts", () => {
  const bans = new ManualBans([{ address: parseBanned("192.0.2.1"), until: NOW + 1 }]);
  const known = () =>
    bans.list(NOW).map(({ address, until }) => [address.text, (until - NOW) / 1000]);
  bans.take(ban("2001:db8::1", 900));
  bans.take(ban("192.0.2.1", 60));
  bans.take({ do: "allow", address: parseBanned("192.0.2.1") });
  assertEquals(known(), [["2001:db8::/64", 900], ["192.0.2.1", 60]]);
  assertEquals(bans.list(NOW + 60_000).length, 1);
  bans.take({ do: "forgive", address: parseBanned("192.0.2.1") });
  assertEquals(known(), [["2001:db8::/64", 900]]);
  bans.take({ do: "forgive all" });
  assertEquals(known(), []);
});

Deno.test("of too many bans by hand the oldest is forgotten", () => {
  const bans = new ManualBans();
  for (let i = 0; i <= MOST_MANUAL_BANS; i++) {
    bans.take(ban(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 900));
  }
  const listed = bans.list(NOW);
  assertEquals(listed.length, MOST_MANUAL_BANS);
  assertEquals(listed[0]!.address.text, "10.0.0.1");
});

Deno.test("what goes on is what has not ended, by the longer of two bans, in whole seconds", () => {
  const offender = (address: string, ms: number) => ({
    ...{ address: parseBanned(address), offences: 1, lastHit: NOW, lastPort: null },
    until: NOW + ms,
  });
  const offenders = [offender("192.0.2.1", 900_000), offender("192.0.2.2", 0)];
  const byHand = [
    { address: parseBanned("192.0.2.1"), until: NOW + 60_000 },
    { address: parseBanned("192.0.2.3"), until: NOW + 1 },
    { address: parseBanned("2001:db8::/64"), until: NOW - 1 },
  ];
  assertEquals(runningBans(offenders, byHand, NOW), [
    { address: parseBanned("192.0.2.1"), seconds: 900 },
    { address: parseBanned("192.0.2.3"), seconds: 1 },
  ]);
});
