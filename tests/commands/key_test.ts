import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { rangeOf } from "../../src/schedule/key.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("key new writes a key of 256 random bits that only its owner may read", async () => {
  await using box = await Sandbox.create();
  const file = box.path("deep", "key");
  const range = ["--ports", "2000-60000"];
  await box.c3po(["key", "new", file, ...range], {
    stdout: `${file}\n`,
    stderr: /^c3po: new random key, ports 2000-60000, fingerprint [0-9a-f]{8}\nc3po: hint: /,
  });
  const { mode, text } = await box.get("deep/key");
  assertEquals(mode, 0o600);
  const key = parseKey(text);
  assertEquals(key.kind, "random");
  assertEquals(rangeOf(key), { low: 2000, high: 60000 });
  await box.c3po(["key", "new", box.path("second"), ...range], { stdout: /./, stderr: /./ });
  assertNotEquals((await box.get("second")).text, text);
});

Deno.test("key new never replaces a file and leaves nothing half-made", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", RANDOM);
  await box.c3po(["key", "new", file, "--ports", "1024-65535"], {
    code: 1,
    stderr: `c3po: error: "${file}" already exists\n` +
      `c3po: hint: to change keys: c3po key new --replace, which keeps the old one as ${file}.old\n`,
  });
  assertEquals([await box.files(), (await box.get("key")).text], [["key"], RANDOM]);
  await box.c3po(["key", "new", `${file}/below`, "--ports", "1024-65535"], {
    code: 1,
    stderr: /^c3po: error: cannot write ".*\/key\/below": /,
  });
  assertEquals(await box.files(), ["key"]);
});

const isServer = Deno.build.os === "linux" && Deno.uid() === 0;
const avoids = "key new as root leaves out of the range what this machine listens on";
Deno.test({ name: avoids, ignore: !isServer }, async () => {
  await using box = await Sandbox.create();
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const file = box.path("key");
  const answer = JSON.parse(
    await box.c3po(["key", "new", file, "--json"], {
      stdout: /^\{.*\}\n$/,
      stderr: new RegExp(`this machine listens on .*; the ports \\d+-\\d+ collide with none`),
    }),
  );
  const [low, high] = answer.ports.split("-").map(Number);
  assert(port < low || port > high, `${port} is in ${answer.ports}`);
  assertEquals({ file, scheme: "c3po-1", kind: "random" }, {
    file: answer.file,
    scheme: answer.scheme,
    kind: answer.kind,
  });
  const key = parseKey((await box.get("key")).text);
  assertEquals(rangeOf(key), { low, high });
});

Deno.test("key new --passphrase takes the passphrase from stdin", async () => {
  await using box = await Sandbox.create();
  const file = box.path("key");
  const make = ["key", "new", file, "--passphrase"];
  const refused = async (stdin: string, stderr: RegExp): Promise<void> => {
    await box.c3po(make, { code: 1, stderr }, { stdin });
    assertEquals(await box.files(), []);
  };
  await refused("", /^c3po: error: passphrase: the key is empty\n/);
  await refused("too short\n", /^c3po: error: passphrase: the passphrase is shorter than 12/);
  await refused(
    "two long enough\nlines of words\n",
    /^c3po: error: passphrase: the key has 2 lines/,
  );
  await refused(
    "classic:with a prefix\n",
    /^c3po: error: a passphrase cannot start like another kind of key/,
  );
  await refused(`${RANDOM}\n`, /^c3po: error: a passphrase cannot start like another kind of key/);
  await refused("x".repeat(70_000), /^c3po: error: the input on stdin is too long/);
  await box.c3po(make, { stdout: `${file}\n`, stderr: /^c3po: new passphrase, ports/ }, {
    stdin: "correct horse battery staple\n",
  });
  assertEquals(await box.get("key"), { mode: 0o600, text: "correct horse battery staple\n" });
  await box.c3po(["key", "new", "--passphrase", "--ports", "2000-9000"], {
    code: 2,
    stderr: /^c3po: error: a passphrase carries no port range\nc3po: hint: /,
  });
});

Deno.test("key show prints the line, whatever else is in the file", async () => {
  await using box = await Sandbox.create();
  for (const line of [RANDOM, `${RANDOM}?ports=2000-9000`, "classic:hello", "twelve letters"]) {
    const file = await box.put("key", `# mine\n\n  ${line}\n`);
    await box.c3po(["key", "show", "--key", file], { stdout: `${line}\n` });
    const json = JSON.stringify({ source: file, key: line });
    await box.c3po(["key", "show", "--key", file, "--json"], { stdout: `${json}\n` });
  }
});

Deno.test("key check tells all about the key but the key", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", `${RANDOM}?ports=2000-9000\n`, 0o400);
  await box.c3po(["key", "check", "--key", file], {
    stdout: [
      `key          ${file}`,
      "mode         0400",
      "scheme       c3po-1",
      "strength     256 random bits",
      "ports        2000-9000",
      "fingerprint  c4048f50",
      "",
    ].join("\n"),
  });
  const secrets = ["classic:hello world", "twelve letters"];
  for (const secret of secrets) {
    const env = { C3PO_SECRET: secret };
    const stderr = /^c3po: hint: .*c3po key new/;
    const json = await box.c3po(["key", "check", "--json"], { stdout: /^{.*}\n$/ }, { env });
    const { source, mode, fingerprint } = JSON.parse(json);
    assertEquals([source, mode, fingerprint], ["$C3PO_SECRET", null, null]);
    const text = await box.c3po(["key", "check"], { stdout: /\nports +1024-65535\n/, stderr }, {
      env,
    });
    assert(!text.includes("hello") && !text.includes("letters"), text);
  }
});

Deno.test("key check tells about a key that comes through a pipe", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["key", "check", "--key", "-"], {
    stdout: /^key +stdin\nmode +none\n[^]*\nfingerprint +c4048f50\n$/,
  }, { stdin: RANDOM });
});

Deno.test("the key commands refuse each other's options", async () => {
  await using box = await Sandbox.create();
  const misuse = (args: string[], message: string): Promise<string> =>
    box.c3po(["key", ...args], { code: 2, stderr: new RegExp(`^c3po: error: ${message}\n`) });
  await misuse([], "no key command given");
  await misuse(["shwo"], 'unknown key command "shwo"');
  await misuse(["show", "--write"], '--write does not go with "key show"');
  await misuse(["add", "web", "--key", "x"], '--key does not go with "key add"');
  await misuse(["new", "a", "b"], 'unexpected argument "b"');
  await misuse(["new", "--ports", "5-6"], 'port range "5-6" holds fewer than 1024 ports');
  assertMatch(await box.c3po(["key", "--help"], { stdout: /./ }), /key add HOST/);
});
