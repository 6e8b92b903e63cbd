import { assertEquals, assertMatch } from "@std/assert";
import { c3poCommand, denoDirectory } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("key add shows the prompt of a sudo on the other end of the pipe before it is answered", async () => {
  await using box = await Sandbox.create();
  const [command, ...first] = c3poCommand();
  const child = new Deno.Command(command, {
    args: [...first, "key", "add", "web"],
    env: { HOME: box.home, DENO_DIR: denoDirectory() },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const write = (text: string): Promise<void> => writer.write(new TextEncoder().encode(text));
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  await write("[sudo] password for me: ");
  let told = "";
  // Nothing more is written until the user could have read it.
  while (!told.endsWith("for me: ")) told += (await reader.read()).value!;
  await write(`\r\n${RANDOM}\r\nc3po: whoever sees this line knows every port\r\n`);
  await writer.close();
  for (let part = await reader.read(); !part.done; part = await reader.read()) told += part.value;
  await child.stdout.cancel();
  assertEquals((await child.status).code, 0, told);
  assertMatch(
    told,
    /^\[sudo\] password for me: \nc3po: random key, fingerprint c4048f50, written to .*\n/,
  );
  assertEquals((await box.get(".config/c3po/web.key")).text, `${RANDOM}\n`);
});

Deno.test("key add stores nothing that is no key, and does not send a client to key new", async () => {
  await using box = await Sandbox.create();
  const lines = [
    "",
    'Please login as the user "ubuntu" rather than the user "root".\n',
    "This account is currently not available.\n",
    "a3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
  ];
  for (const stdin of lines) {
    const stderr = /^(?![^]*key new)[^]*c3po: error: what came [^]*\nc3po: hint: .*ssh -t web sudo/;
    await box.c3po(["key", "add", "web"], { code: 1, stderr }, { stdin });
  }
  assertEquals(await box.files(), []);
  await box.c3po(["key", "add", "web", "--passphrase"], {
    stdout: /^Host web\n/,
    stderr: /^c3po: passphrase, written to /,
  }, { stdin: "correct horse battery staple\n" });
});

Deno.test("key add --replace takes a key of any length for one of any other", async () => {
  await using box = await Sandbox.create();
  const keys = [RANDOM, `${RANDOM}?ports=2000-9000`, "classic:x", `${RANDOM}?ports=2000-60000`];
  for (const stdin of keys) {
    await box.c3po(["key", "add", "web", "--replace"], { stdout: /./, stderr: /written to/ }, {
      stdin,
    });
    assertEquals((await box.get(".config/c3po/web.key")).text, `${stdin}\n`);
  }
});

Deno.test("one key serves a name in capitals, in small letters and with a dot at its end", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:default");
  const out = await box.c3po(["key", "add", "MyNAS.Example."], { stdout: /./, stderr: /./ }, {
    stdin: RANDOM,
  });
  assertMatch(
    out,
    /^Host MyNAS\.Example\. mynas\.example\.\n {2}ProxyCommand .*mynas\.example\.key %h\n$/,
  );
  for (const name of ["MyNAS.Example", "mynas.example", "MYNAS.EXAMPLE."]) {
    const json = await box.c3po(["key", "check", name, "--json"], { stdout: /^{/ });
    assertEquals(JSON.parse(json).fingerprint, "c4048f50", name);
  }
});

Deno.test("the key of a file by an older version, which kept the capitals, is found", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/MyNAS.key", RANDOM);
  await box.c3po(["key", "check", "MyNAS", "--json"], { stdout: /"fingerprint":"c4048f50"/ });
});

Deno.test("a name with a slash or a plus has a key and a block like any other", async () => {
  await using box = await Sandbox.create();
  for (const name of ["work/web1", "web+1"]) {
    await box.c3po(["key", "add", name], { stdout: /^Host .*\n {2}ProxyCommand /, stderr: /./ }, {
      stdin: RANDOM,
    });
    await box.c3po(["key", "check", name, "--json"], { stdout: /"fingerprint":"c4048f50"/ });
  }
  assertEquals(await box.files(), [".config/c3po/web+1.key", ".config/c3po/work%2fweb1.key"]);
});
