import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import vectors from "../vectors-derived.json" with { type: "json" };
import { formatUnsigned, parseFleetLine, type Statement } from "../../src/fleet/line.ts";
import { isSignedBy, readPublicKey, Signer } from "../../src/fleet/signature.ts";
import { readMembers } from "../../src/fleet/members.ts";
import { Failure, Malformed } from "../../src/os/errors.ts";
import { derive } from "../../src/schedule/derivation.ts";
import type { MasterKey } from "../../src/schedule/key.ts";
import { parseKeyLine } from "../../src/schedule/key_text.ts";

const { name: NAME, public: PUBLIC, line: LINE } = vectors.member;
const FLEET = parseKeyLine(vectors.fleet_master) as MasterKey;

Deno.test("the published line is read, verified, and signed again to the byte", async () => {
  const line = parseFleetLine(LINE);
  const { member, seq, time, statement } = line;
  assertEquals({ member, seq, time, statement }, {
    member: NAME,
    seq: 1795334400000001,
    time: 1795334400,
    statement: {
      verb: "ban",
      address: "203.0.113.7",
      seconds: 900,
      evidence: "confirmed",
      offences: 1,
    },
  });
  assertEquals(await isSignedBy(line, await readPublicKey(PUBLIC)), true);
  const signer = await Signer.of(await derive(FLEET.bytes, "member", NAME));
  assertEquals(await signer.sign({ member, seq, time, statement }), LINE);
});

Deno.test("a line of which any character differs was not signed", async () => {
  const key = await readPublicKey(PUBLIC);
  for (let at = 13; at < LINE.length - 1; at += 7) {
    const other = LINE[at] === "1" ? "2" : "1";
    const changed = LINE.slice(0, at) + other + LINE.slice(at + 1);
    let isSigned: boolean;
    try {
      isSigned = await isSignedBy(parseFleetLine(changed), key);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      isSigned = false;
    }
    assertEquals(isSigned, false, changed);
  }
});

Deno.test("every statement comes back as it was written", async () => {
  const signer = await Signer.of(await derive(FLEET.bytes, "member", NAME));
  const statements: Statement[] = [
    { verb: "ban", address: "2001:db8::/64", seconds: 1, evidence: "syn", offences: 0 },
    { verb: "ban", address: "192.0.2.1", seconds: 2147483, evidence: "hand", offences: 7 },
    { verb: "forgive", address: "192.0.2.1" },
    { verb: "order", order: { do: "ban", address: "192.0.2.1", seconds: 60 } },
    { verb: "order", order: { do: "forgive", address: "192.0.2.1" } },
    { verb: "order", order: { do: "forgive all" } },
    { verb: "order", order: { do: "allow", network: "198.51.100.0/24", seconds: 3600 } },
    { verb: "order", order: { do: "expel", member: "web2.example.org" } },
    { verb: "order", order: { do: "revoke", fingerprint: "044f3d5c" } },
  ];
  for (const statement of statements) {
    const unsigned = { member: NAME, seq: 5, time: 6, statement };
    const { signed: text, ...read } = parseFleetLine(await signer.sign(unsigned));
    assertEquals(text, formatUnsigned(unsigned));
    assertEquals({ ...read, signature: null }, { ...unsigned, signature: null });
  }
});

Deno.test("what is not a line in every detail is refused", () => {
  const signature = LINE.split(" ").at(-1)!;
  const lineOf = (text: string): string => `c3po-fleet-1 web1 1 2 ${text} ${signature}`;
  const refused = [
    "",
    " ",
    LINE + " ",
    LINE + "\n",
    LINE.replace(" ban", "  ban"),
    LINE.replace(" ban", "\tban"),
    LINE.replace("ban", "b\0n"),
    LINE.replace("ban", "bän"),
    LINE.replace("c3po-fleet-1", "c3po-fleet-2"),
    LINE.replace("1795334400000001", "01795334400000001"),
    LINE.replace("1795334400000001", "9007199254740993"),
    LINE.replace("1795334400000001", "-1"),
    LINE.replace("1795334400000001", "1e9"),
    LINE.replace(NAME, "WEB1"),
    LINE.replace(NAME, "a/b"),
    LINE.replace(" 900 ", " 1000000000 "),
    LINE.replace(" 900 ", " 0 "),
    LINE.replace(" 900 ", " 9.5 "),
    LINE.replace("confirmed", "sure"),
    LINE.replace(" confirmed 1 ", " confirmed "),
    LINE.replace(" confirmed 1 ", " confirmed 1 1 "),
    LINE.slice(0, -1),
    LINE.slice(0, -1) + "B",
    "x".repeat(600),
    lineOf(`forgive ${"1".repeat(500)}`),
    lineOf("order"),
    lineOf("order shutdown"),
    lineOf("order forgive"),
    lineOf("order ban 192.0.2.1"),
    lineOf("order ban 192.0.2.1 60 60"),
    lineOf("order allow 192.0.2.0/24"),
    lineOf("order allow 192.0.2.0/24 0"),
    lineOf("order expel Web2"),
    lineOf("order revoke 044f3d5c"),
    lineOf("order revoke user alice"),
    lineOf("order revoke user 044f3d5c 1"),
  ];
  for (const text of refused) assertThrows(() => parseFleetLine(text), Malformed, "", text);
});

Deno.test("no text whatever does more than be refused", () => {
  const word = fc.constantFrom(
    "c3po-fleet-1",
    "web1",
    "1",
    "ban",
    "order",
    "192.0.2.1",
    "900",
    "a",
  );
  fc.assert(fc.property(
    fc.oneof(
      fc.string({ maxLength: 600 }),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(" ")),
    ),
    (text) => {
      try {
        parseFleetLine(text);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
      }
    },
  ));
});

Deno.test("a list of members has a name and a key a line, and says which line is wrong", async () => {
  const members = await readMembers(`# all\n${NAME} ${PUBLIC}\n`, "members");
  assertEquals([...members.keys()], [NAME]);
  const refused: [string, string][] = [
    [`${NAME}\n`, `members: line 1: "${NAME}" needs one public key`],
    [`${NAME} ${PUBLIC}\n${NAME} ${PUBLIC}\n`, "members: line 2:"],
    [`admin ${PUBLIC}\n`, 'members: line 1: no member can be named "admin"'],
    [`${NAME} ${PUBLIC.slice(1)}\n`, `members: key of "${NAME}":`],
    ["", "members: the list is empty"],
  ];
  for (const [text, message] of refused) {
    const error = await readMembers(text, "members").then(() => null, (error) => error);
    assertThrows(
      () => {
        throw error;
      },
      Failure,
      message,
    );
  }
});
