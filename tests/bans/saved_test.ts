import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { forgivenBy, formatCommands, parseCommands } from "../../src/bans/pending_commands.ts";
import { Malformed } from "../../src/os/errors.ts";
import { networksOf, parseBanned, parseCidr } from "../../src/os/address.ts";
import { isBannable } from "../../src/os/address_scope.ts";
import {
  banLine,
  bansHead,
  formatRecords,
  parseBanLine,
  parseBansHead,
  parseRecords,
  type Records,
  timeLeft,
} from "../../src/bans/saved.ts";

const NOW = Date.UTC(2026, 10, 22, 12);

const unit = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseBanned(text))
  .filter(isBannable);
/** Also a network that was banned whole. */
const held = fc.tuple(unit, fc.nat(2)).map(([each, at]) => [each, ...networksOf(each)][at] ?? each)
  .filter(isBannable);
const moment = fc.integer({ min: 0, max: 8.64e15 });
const records: fc.Arbitrary<Records> = fc.record({
  offenders: fc.array(fc.record({
    address: held,
    offences: fc.integer({ min: 1, max: 1e6 }),
    lastHit: moment,
    until: moment,
    lastPort: fc.option(fc.integer({ min: 1, max: 65_535 })),
  })),
  trusted: fc.array(fc.record({ address: unit, until: moment })),
  allowed: fc.array(unit),
  banned: fc.array(fc.record({ address: unit, until: moment })),
});

const EXAMPLE = formatRecords({
  offenders: [{
    address: parseBanned("192.0.2.1"),
    offences: 3,
    lastHit: 1,
    until: 2,
    lastPort: 4711,
  }],
  trusted: [{ address: parseBanned("2001:db8::/64"), until: NOW }],
  allowed: [parseCidr("10.0.0.0/8")],
  banned: [{ address: parseBanned("192.0.2.9"), until: NOW }],
});

Deno.test("what is remembered is read as it was written", () => {
  fc.assert(fc.property(records, (each) => {
    assertEquals(parseRecords(formatRecords(each)), each);
  }));
  assertEquals(
    EXAMPLE,
    "c3po-ledger 1\noffender 192.0.2.1 3 1 2 4711\nfriend 2001:db8::/64 1795348800000\n" +
      "allow 10.0.0.0/8\nban 192.0.2.9 1795348800000\nend 4\n",
  );
});

Deno.test("a ledger that lost or gained anything is not believed", () => {
  for (let length = 0; length < EXAMPLE.length; length++) {
    assertThrows(() => parseRecords(EXAMPLE.slice(0, length)), Malformed);
  }
  for (
    const [from, to] of [
      ["c3po-ledger 1", "c3po-ledger 2"],
      ["192.0.2.1", "192.0.2.300"],
      [" 3 ", " three "],
      [" 3 ", " -3 "],
      [" 4711", ""],
      ["friend", "fiend"],
      ["10.0.0.0/8", "0.0.0.0/0"],
      ["10.0.0.0/8", "10.0.0.0/8; reboot"],
      ["ban 192.0.2.9", "ban"],
      ["end 4", "end 5"],
    ] as const
  ) {
    assertThrows(() => parseRecords(EXAMPLE.replace(from, to)), Malformed, "is damaged");
  }
});

Deno.test("a saved ban is read as it was written, and nothing else is a ban", () => {
  fc.assert(fc.property(held, fc.integer({ min: 1, max: 2_147_483 }), (each, seconds) => {
    const line = banLine({ address: each, seconds });
    assertEquals(parseBanLine(line), { address: each, seconds });
  }));
  assertEquals(parseBanLine("192.0.2.1 0")?.seconds, null);
  for (
    const line of [
      "",
      "192.0.2.1",
      "192.0.2.256 9",
      "192.0.2.1 9 9",
      "192.0.2.1 -9",
      ":::: 9",
      "0.0.0.0 9",
      ":: 9",
      "192.0.2.1 2147484",
      "192.0.2.0/24 9",
      "2001:db8::/47 9",
    ]
  ) assertEquals(parseBanLine(line), null, line);
  fc.assert(fc.property(fc.string(), (line) => {
    const ban = parseBanLine(line);
    return ban === null || /^[0-9a-f.:]+(\/\d\d)? \d{1,7}$/.test(line);
  }));
  assertEquals(parseBansHead(bansHead(NOW)), NOW);
  assertEquals(parseBansHead("c3po-bans 2 1"), null);
});

Deno.test("a ban goes on while nobody keeps it, and a clock set back makes it no longer", () => {
  const ban = { address: parseBanned("192.0.2.1"), seconds: 900 };
  const left = (seconds: number) => timeLeft(ban, NOW, NOW + seconds * 1000);
  assertEquals([0, 10, 899, 900, 9999].map(left), [900, 890, 1, 0, 0]);
  assertEquals(left(-3600), 900);
  assertEquals(timeLeft({ ...ban, seconds: null }, NOW, NOW + 1e9), null);
});

Deno.test("what was done by hand is read as it was written, and forgives whom it names", () => {
  const commands = parseCommands(
    "ban 192.0.2.1 1795348800000\nforgive 2001:db8::/64\nallow 10.0.0.0/8\ndisallow 10.0.0.0/8\n",
  );
  assertEquals(parseCommands(formatCommands(commands)), commands);
  assertEquals(forgivenBy(commands)("2001:db8::/64"), true);
  assertEquals(forgivenBy(commands)("192.0.2.1"), false);
  const [network] = parseCommands("forgive 2001:db8::/56\n");
  assertEquals(formatCommands([network!]), "forgive 2001:db8::/56\n");
  const all = parseCommands("forgive-all\n");
  assertEquals(parseCommands(formatCommands(all)), all);
  assertEquals(forgivenBy(all)("192.0.2.1"), true);
  for (
    const text of [
      ...["ban", "ban x 1", "ban 192.0.2.1", "ban 192.0.2.1 1 1", "ban 192.0.2.1 -1"],
      ...["forgive-all 192.0.2.1", "forgive 192.0.2.1 1", "unban 192.0.2.1"],
    ]
  ) {
    assertThrows(() => parseCommands(text), Malformed);
  }
});
