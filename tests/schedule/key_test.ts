import { assertEquals, assertNotMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Malformed } from "../../src/os/errors.ts";
import { schemeOf } from "../../src/schedule/key.ts";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";

const BODY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("a random key is 32 bytes, with or without a range", () => {
  const bytes = new Uint8Array(32).map((_, i) => i);
  assertEquals(parseKey(`c3po-1-${BODY}\n`), { kind: "random", bytes });
  assertEquals(parseKey(`c3po-1-${BODY}?ports=2000-9999`), {
    kind: "random",
    bytes,
    range: { low: 2000, high: 9999 },
  });
});

Deno.test("every random key is read as it was written", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
    const range = { low: 1024, high: 2047 };
    assertEquals(parseKey(formatRandomKey(bytes)), { kind: "random", bytes });
    assertEquals(parseKey(formatRandomKey(bytes, range)), { kind: "random", bytes, range });
  }));
});

Deno.test("comments, blank lines and the ends of lines do not count", () => {
  const text = "\r\n# made today\n\n   correct horse battery staple  \r\n# end\n";
  assertEquals(parseKey(text), { kind: "passphrase", text: "correct horse battery staple" });
});

Deno.test("classic: names the 2007 scheme, and everything behind it is the secret", () => {
  assertEquals(parseKey("classic:a:b c"), { kind: "classic", text: "a:b c" });
  assertEquals(schemeOf(parseKey("classic:x")), "classic");
  assertEquals(schemeOf(parseKey("twelve chars")), "c3po-1");
});

Deno.test("a passphrase has twelve characters, rare ones counting for as many bytes as they take", () => {
  assertEquals(parseKey("abcdefghijkl").kind, "passphrase");
  assertEquals(parseKey("p\u00e4ssw\u00f6rd\u0301").kind, "passphrase");
  assertThrows(() => parseKey("abcdefghijk"), Malformed, "shorter than 12");
});

const REFUSED: [string, string, string][] = [
  ["no line", "# nothing\n\n", "empty"],
  ["two lines", "first passphrase\nsecond passphrase\n", "2 lines"],
  ["a short passphrase", "hunter2", "shorter"],
  ["an empty classic secret", "classic:", "nothing follows"],
  ["a random key that lost a character", `c3po-1-${BODY.slice(1)}`, "damaged"],
  ["a random key with one too many", `c3po-1-${BODY}A`, "damaged"],
  ["a random key whose last bits are set", `c3po-1-${BODY.slice(0, -1)}9`, "damaged"],
  ["a random key with an unknown setting", `c3po-1-${BODY}?port=1-2000`, "damaged"],
  ["a range that is too small", `c3po-1-${BODY}?ports=2000-3022`, "fewer than 1024"],
  ["a range that ends before it begins", `c3po-1-${BODY}?ports=9000-2000`, "ends before"],
];
for (const [what, text, reason] of REFUSED) {
  Deno.test(`a key with ${what} is refused without being quoted`, () => {
    const { message, hint } = assertThrows(() => parseKey(text), Malformed, reason);
    assertNotMatch(`${message} ${hint}`, /hunter2|first pass|BAgME|AECAw/);
  });
}
