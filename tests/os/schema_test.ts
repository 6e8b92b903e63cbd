import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { parseAddress } from "../../src/os/address.ts";
import { Malformed } from "../../src/os/errors.ts";
import { amount, count, readBy, readJson, textReadBy } from "../../src/os/schema.ts";

const HIT = v.object({
  at: amount,
  address: textReadBy((text) => parseAddress(text).text),
  port: v.nullable(count),
  trigger: v.picklist(["syn", "handshake"]),
});
const SCHEMA = v.object({ on: v.boolean(), name: v.string(), hits: v.array(HIT) });
const GOOD = {
  on: true,
  name: "web",
  hits: [{ at: 0.5, address: "::FFFF:192.0.2.1", port: null, trigger: "syn" }],
};

Deno.test("a value that fits a schema is read, without what the schema does not name", () => {
  const read = readBy(SCHEMA, { ...GOOD, later: 1 });
  assertEquals(
    read,
    { ...GOOD, hits: [{ ...GOOD.hits[0]!, address: "192.0.2.1" }] } as typeof read,
  );
});

Deno.test("the first difference is told by its place, without what stands there", () => {
  const hit = (fields: Record<string, unknown>): unknown => ({
    ...GOOD,
    hits: [GOOD.hits[0], { ...GOOD.hits[0], ...fields }],
  });
  const wrong: [unknown, string][] = [
    ["secret", "it is not an object"],
    [undefined, "it is missing"],
    [{ on: true, hits: [] }, "name is missing"],
    [{ ...GOOD, on: "secret" }, "on is not true or false"],
    [{ ...GOOD, name: 7 }, "name is not a string"],
    [{ ...GOOD, hits: {} }, "hits is not an array"],
    [hit({ at: "secret" }), "hits.1.at is not a number"],
    [hit({ at: -1 }), "hits.1.at is not at least 0"],
    [hit({ at: Infinity }), "hits.1.at is not a finite number"],
    [hit({ port: 1.5 }), "hits.1.port is not a whole number"],
    [hit({ port: "22" }), "hits.1.port is not a number"],
    [hit({ trigger: "ack" }), 'hits.1.trigger is not "syn" or "handshake"'],
    [hit({ address: "web" }), 'hits.1.address is refused: "web" is not an IP address or network'],
  ];
  for (const [value, message] of wrong) {
    assertEquals(assertThrows(() => readBy(SCHEMA, value), Malformed).message, message);
  }
});

Deno.test("a text that is not JSON is told, and not quoted", () => {
  assertEquals(readJson(v.array(count), "[1, 2]\n"), [1, 2]);
  for (const text of ["", "secret", '{"a":']) {
    const error = assertThrows(() => readJson(v.array(count), text), Malformed);
    assertEquals(error.message, "it is not JSON");
  }
});

Deno.test("an error that is not about the value goes through", () => {
  const broken = textReadBy(() => {
    throw new TypeError("a mistake of ours");
  });
  assertThrows(() => readBy(broken, "x"), TypeError, "a mistake of ours");
});
