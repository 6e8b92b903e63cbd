import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("key list shows this user's keys, and what is wrong with one", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["key", "list"], { stderr: "c3po: no keys yet\n" });
  await box.put(".config/c3po/web.key", `${RANDOM}?ports=2000-9000`);
  await box.put(".config/c3po/default.key", "classic:secret");
  await box.put(".config/c3po/loose.key", RANDOM, 0o644);
  const folder = box.path(".config/c3po");
  const out = await box.c3po(["key", "list"], {
    stdout: /^HOST {5}KIND /,
    stderr: /^c3po: others may read the key file ".*loose\.key": its mode is 0644\n$/,
  });
  assertEquals(out.split("\n").slice(1).map((line) => line.split(/ {2,}/)), [
    ["default", "classic secret", "1024-65535", "none", `${folder}/default.key`],
    ["loose", "unusable", "-", "-", `${folder}/loose.key`],
    ["web", "random key", "2000-9000", "c4048f50", `${folder}/web.key`],
    [""],
  ]);
  const json = JSON.parse(await box.c3po(["key", "list", "--json"], { stdout: /^\[.*\]\n$/ }));
  assertEquals(json[2], {
    host: "web",
    file: `${folder}/web.key`,
    kind: "random key",
    ports: "2000-9000",
    fingerprint: "c4048f50",
    error: null,
  });
});

Deno.test("key remove takes away what key add has written, and no more", async () => {
  await using box = await Sandbox.create();
  for (const name of ["Web", "mail"]) {
    await box.c3po(["key", "add", name, "--write"], { stdout: /./, stderr: /./ }, {
      stdin: RANDOM,
    });
  }
  const before = await box.get(".ssh/config");
  await box.c3po(["key", "remove", "web"], {
    stdout: `${box.path(".config/c3po/web.key")}\n${box.path(".ssh/c3po.conf")}\n`,
  });
  assertEquals(await box.files(), [".config/c3po/mail.key", ".ssh/c3po.conf", ".ssh/config"]);
  assertMatch((await box.get(".ssh/c3po.conf")).text, /^Host mail\n {2}ProxyCommand [^\n]*\n$/);
  assertEquals(await box.get(".ssh/config"), before);
  await box.c3po(["key", "remove", "web"], {
    code: 1,
    stderr:
      'c3po: error: there is no key for "web"\nc3po: hint: c3po key list shows the existing keys\n',
  });
  await box.c3po(["key", "remove"], { code: 2, stderr: /^c3po: error: HOST is missing\n/ });
});

Deno.test("key new --replace keeps the key before, and its range, which the clients know", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", `# ours\n${RANDOM}?ports=2000-9000\n`);
  await box.c3po(["key", "new", file, "--replace"], {
    stdout: `${file}\n`,
    stderr: new RegExp(
      `^c3po: new random key, ports 2000-9000, fingerprint .*\nc3po: the old key is kept as ${file}.old\n`,
    ),
  });
  assertEquals(await box.get("key.old"), { mode: 0o600, text: `${RANDOM}?ports=2000-9000\n` });
  const { mode, text } = await box.get("key");
  assertEquals(mode, 0o600);
  assertMatch(text, /^c3po-1-[\w-]{43}\?ports=2000-9000\n$/);
  assertNotEquals(text, (await box.get("key.old")).text);
});

Deno.test("how many traps the server has is kept beside the key, until another key comes", async () => {
  await using box = await Sandbox.create();
  const add = async (stdin: string, args: string[]): Promise<string> => {
    await box.c3po(["key", "add", "web", ...args], { stdout: /./, stderr: /./ }, { stdin });
    return (await box.get(".config/c3po/web.key")).text;
  };
  assertEquals(await add(RANDOM, ["--traps", "4095"]), `# traps = 4095\n${RANDOM}\n`);
  assertEquals(await add(RANDOM, []), `# traps = 4095\n${RANDOM}\n`);
  assertEquals(await add(RANDOM, ["--traps", "15"]), `# traps = 15\n${RANDOM}\n`);
  assertEquals(await add("classic:x", ["--replace"]), "classic:x\n");
  await box.c3po(["key", "show", "web"], { stdout: "classic:x\n" });
});

Deno.test("to remove what was never there writes nothing", async () => {
  await using box = await Sandbox.create();
  await Deno.mkdir(box.path(".ssh"));
  for (let time = 0; time < 2; time++) {
    await box.c3po(["key", "remove", "web"], {
      code: 1,
      stderr: /^c3po: error: there is no key for "web"\n/,
    });
    assertEquals(await box.files(), []);
  }
});
