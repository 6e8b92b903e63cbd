import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseAddress, parseCidr } from "../../src/os/address.ts";
import { Malformed } from "../../src/os/errors.ts";
import { doorAddress, doorPlace, parseDoor } from "../../src/schedule/door_address.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { Schedule } from "../../src/schedule/schedule.ts";

for (const { key, prefix, address, port } of vectors.door) {
  Deno.test(`the door of ${key} in ${prefix} is that of the published vector`, async () => {
    const schedule = await Schedule.of(parseKey(key));
    const place = await doorPlace(schedule, parseDoor(prefix), vectors.minute);
    assertEquals(place, { address: parseAddress(address).text, port });
  });
}

Deno.test("a key has another address in each minute, and two keys have none in common", async () => {
  const keys = ["a passphrase of five words", `c3po-1-${"A".repeat(43)}`];
  const schedules = await Promise.all(keys.map((key) => Schedule.of(parseKey(key))));
  const places = await Promise.all(
    schedules.flatMap((schedule) =>
      [0, 1, 2].map((minute) => doorPlace(schedule, "2001:db8::/64", minute))
    ),
  );
  assertEquals(new Set(places.map((place) => place!.address)).size, 6);
});

Deno.test("a classic secret has ports, and no addresses", async () => {
  const schedule = await Schedule.of(parseKey("classic:secret"));
  assertEquals(await doorPlace(schedule, "2001:db8::/64", vectors.minute), null);
});

Deno.test("every address and network is written as the library for addresses writes it", () => {
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((all) => new Uint8Array(all));
  // Zeros in a row are where spellings differ.
  const word = fc.oneof(fc.constant(0), fc.nat(0xffff));
  fc.assert(fc.property(fc.tuple(word, word, word), bytes(8), (words, identifier) => {
    const network = ["2a00", ...words.map((each) => each.toString(16))].join(":") + "::/64";
    const door = parseDoor(network);
    assertEquals(door, parseCidr(network).text);
    const address = doorAddress(door, identifier);
    assertEquals(address, parseAddress(address).text);
    assertEquals(parseCidr(`${address}/64`).text, door);
  }));
});

for (
  const [text, message] of [
    ["2001:db8::/48", "is not a /64"],
    ["2001:db8::", "is not a /64"],
    ["2001:db8::7", "is not a /64"],
    ["2001:db8::1/64", "has bits behind its prefix"],
    ["::ffff:0:0/64", "has bits behind its prefix"],
    ["fe80::/64", "cannot be a door"],
    ["febf:1::/64", "cannot be a door"],
    ["ff02::/64", "cannot be a door"],
    ["::/64", "cannot be a door"],
    ["192.0.2.0/24", "is not an IPv6 network"],
    ["::ffff:192.0.2.0/64", "is not an IPv6 network"],
    ["2001:db8:::/64", "is not an IPv6 network"],
    ["2001:db8::%eth0/64", "is not an IPv6 network"],
    [" 2001:db8::/64", "is not an IPv6 network"],
    ["", "is not an IPv6 network"],
  ] as const
) {
  Deno.test(`"${text}" is refused as a door, and quoted`, () => {
    const error = assertThrows(() => parseDoor(text), Malformed, message);
    assertEquals(error.message.includes(`"${text}"`), true);
  });
}

Deno.test("networks of the internet and of a company are taken as doors", () => {
  assertEquals(["2001:DB8:0:AA::/64", "fd00:1::/64", "2001:db8:0:1:0:0:0:0/64"].map(parseDoor), [
    "2001:db8:0:aa::/64",
    "fd00:1::/64",
    "2001:db8:0:1::/64",
  ]);
});
