import { assertEquals, assertThrows } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { fleetUser, hostKeys } from "../../src/fleet/host_keys.ts";
import { publicKeyOf } from "../../src/fleet/member.ts";
import { parseNameList } from "../../src/fleet/name_list.ts";
import { Malformed } from "../../src/os/errors.ts";
import { derive } from "../../src/schedule/derivation.ts";
import type { MasterKey } from "../../src/schedule/key.ts";
import { formatKey, parseKeyLine } from "../../src/schedule/key_text.ts";

const FLEET = parseKeyLine(vectors.fleet_master) as MasterKey;

Deno.test("the public key of a member is the one of the published vector", async () => {
  const { name, public: published } = vectors.member;
  assertEquals(await publicKeyOf(await derive(FLEET.bytes, "member", name)), published);
});

Deno.test("a host gets the keys of the vectors, and the range that the master key has", async () => {
  const fleet = { ...FLEET, range: { low: 2000, high: 9000 } };
  const users = [await fleetUser(fleet, "alice", ["ssh"]), await fleetUser(fleet, "bob", ["ssh"])];
  const keys = await hostKeys(fleet, users, "web1.example.org");
  const [alice, bob] = keys.users.map(({ key }) => formatKey(key));
  assertEquals([alice, bob], [1, 4].map((at) => `${vectors.derive[at]!.key}?ports=2000-9000`));
  assertEquals(keys.publicKey, vectors.member.public);
  const member = parseKeyLine(keys.member);
  assertEquals(member.kind, "member");
});

Deno.test("a list of names has one a line, with words behind it, and says which line is wrong", () => {
  const all = (): void => {};
  assertEquals(parseNameList("# users\n\n alice  ssh,postgres\r\nbob\n", all), [
    { name: "alice", words: ["ssh", "postgres"] },
    { name: "bob", words: [] },
  ]);
  const refused: [string, string][] = [
    ["alice\n\nalice\n", 'line 3: "alice" appears twice'],
    ["alice ssh, postgres", 'line 1: "postgres" is unexpected'],
    ["# nobody\n", "the list is empty"],
  ];
  for (const [text, message] of refused) {
    assertThrows(() => parseNameList(text, all), Malformed, message);
  }
});
