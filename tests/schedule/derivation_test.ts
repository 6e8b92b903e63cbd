import { assert, assertEquals, assertNotMatch, assertRejects, assertThrows } from "@std/assert";
import { encodeBase64Url } from "@std/encoding/base64url";
import fc from "fast-check";
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseAddress } from "../../src/os/address.ts";
import { Malformed } from "../../src/os/errors.ts";
import {
  checkName,
  type DerivationKind,
  type DerivationPath,
  derive,
  deriveKey,
  hostIdOf,
} from "../../src/schedule/derivation.ts";
import { fingerprint } from "../../src/schedule/fingerprint.ts";
import {
  formatKey,
  parseKey,
  parseKeyLine,
  parseKeyOrMaster,
} from "../../src/schedule/key_text.ts";
import { Schedule } from "../../src/schedule/schedule.ts";

const BODY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const MASTER = parseKeyOrMaster(vectors.fleet_master);

for (const { path, of, key: line, fingerprint: mark, port } of vectors.derive) {
  Deno.test(`the key of ${path.join(" ")} is the one of the published vector`, async () => {
    const parent = of === undefined ? MASTER : parseKeyOrMaster(of);
    const steps = path.map((step) => [step.split(":")[0], step.slice(step.indexOf(":") + 1)]);
    const key = await deriveKey(parent, Object.fromEntries(steps));
    assertEquals(formatKey(key), line);
    assertEquals(await fingerprint(key), mark);
    assertEquals((await (await Schedule.of(key)).ports(vectors.minute, 0)).ssh, port);
  });
}

Deno.test("a step of derivation is HKDF-Expand of RFC 5869", async () => {
  // Web Crypto's HKDF extracts first, so the expansion is written out here.
  const [secret, name] = [new Uint8Array(32).fill(7), "web1"];
  const info = new TextEncoder().encode(`c3po-1\x01host\0${name}`);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
  const block = await crypto.subtle.sign("HMAC", key, new Uint8Array([...info, 1]));
  assertEquals(await derive(secret, "host", name), new Uint8Array(block));
});

Deno.test("a user's key on a host is the same from the fleet's master and from the user's", async () => {
  const { bytes } = await deriveKey(MASTER, { user: "alice" });
  const own = await deriveKey({ kind: "master", bytes }, { host: "web1.example.org" });
  assertEquals(own, await deriveKey(MASTER, { user: "alice", host: "web1.example.org" }));
});

Deno.test("the range of ports is inherited by every derived key", async () => {
  const parent = parseKeyOrMaster(`c3po-1-master-${BODY}?ports=2000-9000`);
  const key = await deriveKey(parent, { user: "alice", host: "web1.example.org" });
  assertEquals(formatKey(key), `${vectors.derive[1]!.key}?ports=2000-9000`);
});

Deno.test("a passphrase derives as the bytes it is stretched to", async () => {
  const key = await deriveKey(parseKey("correct horse battery staple"), { service: "postgres" });
  assertEquals(key.kind, "random");
  assertEquals(formatKey(key), "c3po-1-7hAXByS8OSNr0tB6ptIHK7pK3KTIULdKYyt5EZPtBDQ");
});

Deno.test("a classic secret derives nothing and is not quoted", async () => {
  const derived = deriveKey(parseKey("classic:hello"), { host: "web1" });
  const { message, hint } = await assertRejects(() => derived, Malformed, "classic");
  assertNotMatch(`${message} ${hint}`, /hello/);
});

Deno.test("no step of a derivation can be left out", async () => {
  const refused: [string, DerivationPath][] = [
    ["the fleet's or a user's master has no services", { service: "postgres" }],
    ["nor has a user", { user: "alice", service: "postgres" }],
  ];
  for (const [why, path] of refused) {
    await assertRejects(() => deriveKey(MASTER, path), Malformed, '"postgres"', why);
  }
});

const REFUSED: Record<string, [DerivationKind, string][]> = {
  "a user": [
    ["user", ""],
    ["user", "Alice"],
    ["user", "a/b"],
    ["user", ".a"],
    ["user", "-a"],
    ["user", "a b"],
    ["user", "a\n"],
    ["user", "a".repeat(65)],
    ["user", "älice"],
  ],
  "a host": [
    ["host", ""],
    ["host", "Web1"],
    ["host", "web1."],
    ["host", "a/b"],
    ["host", "a".repeat(254)],
    ["host", "a".repeat(300)],
    ["host", ".web"],
    ["host", "..\n"],
    ["host", "2001:DB8::7"],
    ["host", "2001:db8:0::7"],
    ["host", "2001:db8::7::"],
    ["host", "::ffff:192.0.2.1"],
    ["host", "192.0.2.01"],
    ["host", "192.0.2.256"],
    ["host", "web:1"],
    ["host", "fe80::1%eth0"],
    ["member", "Web1"],
  ],
  "a service": [
    ["service", ""],
    ["service", "ssh"],
    ["service", "Postgres"],
    ["service", "1st"],
    ["service", "a_b"],
    ["service", "a".repeat(16)],
  ],
  "an admin key": [["admin", "2"], ["admin", ""]],
};
for (const [what, names] of Object.entries(REFUSED)) {
  Deno.test(`what is no name of ${what} is refused and quoted`, async () => {
    for (const [kind, name] of names) {
      assertThrows(() => checkName(kind, name), Malformed, `"${name}"`);
      await assertRejects(() => derive(new Uint8Array(32), kind, name), Malformed, `"${name}"`);
    }
  });
}

Deno.test("what is a name is taken as it is", () => {
  const taken: [DerivationKind, string][] = [
    ["user", "a"],
    ["user", "alice@example.org"],
    ["user", "a".repeat(64)],
    ["host", "web_1.example.org~2"],
    ["host", "a".repeat(253)],
    ["host", "192.0.2.1"],
    ["host", "192.0.2.1~2"],
    ["host", "2001:db8::7"],
    ["host", "::1"],
    ["service", "a".repeat(15)],
    ["service", "ssh2"],
    ["admin", "1"],
  ];
  for (const [kind, name] of taken) checkName(kind, name);
});

Deno.test("the id of a host is its resolved name in one spelling", () => {
  assertEquals(
    ["WEB1.example.ORG.", "2001:DB8:0::7", "192.0.2.1", "::FFFF:192.0.2.1"].map(hostIdOf),
    ["web1.example.org", "2001:db8::7", "192.0.2.1", "192.0.2.1"],
  );
  for (const id of ["WEB1.example.ORG.", "2001:DB8:0::7"]) checkName("host", hostIdOf(id));
});

Deno.test("an address has the spelling that the library for addresses gives it", () => {
  const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
    const text = words.map((each) => each.toString(16).padStart(4, "0")).join(":");
    assertEquals(hostIdOf(text), parseAddress(text).text);
    checkName("host", hostIdOf(text));
  }));
  fc.assert(
    fc.property(
      fc.ipV6().filter((text) => !text.includes(".")),
      (text) => assertEquals(hostIdOf(text), parseAddress(text).text),
    ),
  );
  fc.assert(
    fc.property(fc.ipV4(), (text) => assertEquals(hostIdOf(text), parseAddress(text).text)),
  );
});

Deno.test("keys of different kinds and names share nothing", async () => {
  const secret = new Uint8Array(32).fill(1);
  const [kinds, names] = [["user", "host", "member"] as const, ["a", "b", "ab"]];
  const seen = new Set<string>();
  for (const kind of kinds) {
    for (const name of names) seen.add(encodeBase64Url(await derive(secret, kind, name)));
  }
  assertEquals(seen.size, kinds.length * names.length);
});

Deno.test("every master, member and admin line is read as it was written", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
    for (const kind of ["master", "member", "admin"] as const) {
      const line = formatKey({ kind, bytes: new Uint8Array(bytes) });
      assert(line.startsWith(`c3po-1-${kind}-`));
      assertEquals(parseKeyLine(line), { kind, bytes });
    }
    const range = { low: 2000, high: 9999 };
    const master = { kind: "master", bytes: new Uint8Array(bytes), range } as const;
    assertEquals(parseKeyLine(formatKey(master)), master);
  }));
});

Deno.test("lines of other kinds are damaged where a character is missing or a range too many", () => {
  const body = BODY.slice(1);
  const lines = [
    `c3po-1-master-${body}`,
    `c3po-1-master-${BODY}A`,
    `c3po-1-member-${body}`,
    `c3po-1-admin-${BODY}?ports=2000-9000`,
    `c3po-1-other-${BODY}`,
  ];
  for (const line of lines) {
    const { message, hint } = assertThrows(() => parseKeyLine(line), Malformed, "damaged");
    assertNotMatch(`${message} ${hint}`, /AECAw|BAgMEBQ/);
  }
});

Deno.test("a master opens no port, and the message names the command that derives one", () => {
  const { hint } = assertThrows(() => parseKey(vectors.fleet_master), Malformed, "master key");
  assertEquals(hint?.includes("c3po key derive"), true);
});

Deno.test("the seeds of a fleet are no keys of ports", () => {
  for (const kind of ["member", "admin"]) {
    assertThrows(() => parseKey(`c3po-1-${kind}-${BODY}`), Malformed, `the ${kind} key of a fleet`);
  }
});
