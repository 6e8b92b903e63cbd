import { assertEquals } from "@std/assert";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const OTHER = "c3po-1-HxwdHhkaGxgVFhcUERITEA0ODwwJCgsIBQYHBAECAwA";

Deno.test("key add keeps the key of a host and prints its Host block", async () => {
  await using box = await Sandbox.create();
  const block = "Host web.example\n  ProxyCommand c3po proxy %h\n";
  const file = box.path(".config/c3po/web.example.key");
  const add = ["key", "add", "web.example"];
  const stdin = `# from the server\n${RANDOM}\n`;
  await box.c3po(add, {
    stdout: block,
    stderr: `c3po: key written to ${file}\n` +
      "c3po: hint: put this into ~/.ssh/config, or run it again with --write:\n",
  }, { stdin });
  assertEquals(await box.get(".config/c3po/web.example.key"), { mode: 0o600, text: `${RANDOM}\n` });
  await box.c3po(add, { stdout: block, stderr: /^c3po: the same key was already in / }, { stdin });
  await box.c3po(add, {
    code: 1,
    stderr: `c3po: error: "${file}" holds another key already\n` +
      "c3po: hint: add --replace if the server has a new key\n",
  }, { stdin: OTHER });
  assertEquals((await box.get(".config/c3po/web.example.key")).text, `${RANDOM}\n`);
  await box.c3po([...add, "--replace"], { stdout: block, stderr: /^c3po: key written to / }, {
    stdin: OTHER,
  });
  assertEquals((await box.get(".config/c3po/web.example.key")).text, `${OTHER}\n`);
  assertEquals(await box.files(), [".config/c3po/web.example.key"]);
});

Deno.test("the Host block of a host with another resolved name says where its key is", async () => {
  await using box = await Sandbox.create();
  const home = box.path("a 50% home");
  await Deno.mkdir(home);
  const out = await box.c3po(["key", "add", "127.1", "--json"], { stdout: /^{.*}\n$/ }, {
    stdin: RANDOM,
    env: { HOME: home },
  });
  const file = `${box.home}/a 50%% home/.config/c3po/127.1.key`;
  const block = `Host 127.1\n  ProxyCommand c3po proxy --key '${file}' %h\n`;
  assertEquals(JSON.parse(out).block, block);
});

Deno.test("key add refuses what is no host name and what is no key, and writes nothing", async () => {
  await using box = await Sandbox.create();
  for (const name of ["a/b", "*", "root@web", "!web", "a b", ".ssh", "-x"]) {
    await box.c3po(["key", "add", "--", name], {
      code: 2,
      stderr: /^c3po: error: ".*" is no host name\nc3po: hint: /,
    }, { stdin: RANDOM });
  }
  await box.c3po(["key", "add"], { code: 2, stderr: "c3po: error: HOST is missing\n" });
  for (const stdin of ["", "short", RANDOM.slice(0, -1), "two lines that\nare long enough"]) {
    const stderr = /^c3po: error: the key to add: (?![^]*AAECAw)/;
    await box.c3po(["key", "add", "web"], { code: 1, stderr }, { stdin });
  }
  assertEquals(await box.files(), []);
});

Deno.test("key add --write puts the block into a file of its own, once", async () => {
  await using box = await Sandbox.create();
  const config = "# mine\r\nHost other\n  Port 2222 \n\tUser me";
  await box.put(".ssh/config", config, 0o644);
  const add = (name: string, stderr: RegExp): Promise<string> =>
    box.c3po(["key", "add", name, "--write"], { stdout: /^Host /, stderr }, { stdin: RANDOM });
  await add("web", /\nc3po: changed .*\/\.ssh\/c3po\.conf\nc3po: changed .*\/\.ssh\/config\n$/);
  const include = { mode: 0o644, text: `Include c3po.conf\n\n${config}` };
  assertEquals(await box.get(".ssh/config"), include);
  await add("web", /\nc3po: the Host block was already there\n$/);
  await add("mail", /\nc3po: changed .*\/\.ssh\/c3po\.conf\n$/);
  assertEquals(await box.get(".ssh/config"), include);
  assertEquals(await box.get(".ssh/c3po.conf"), {
    mode: 0o600,
    text: "Host web\n  ProxyCommand c3po proxy %h\n\nHost mail\n  ProxyCommand c3po proxy %h\n",
  });
  const files = [".config/c3po/mail.key", ".config/c3po/web.key", ".ssh/c3po.conf", ".ssh/config"];
  assertEquals(await box.files(), files);
});

Deno.test("key add --write goes through a linked config and makes a missing one", async () => {
  await using box = await Sandbox.create();
  await box.put("dotfiles/config", "User me\n");
  await Deno.mkdir(box.path(".ssh"));
  await Deno.symlink("../dotfiles/config", box.path(".ssh/config"));
  const write = ["key", "add", "web", "--write"];
  await box.c3po(write, { stdout: /./, stderr: /./ }, { stdin: RANDOM });
  assertEquals((await Deno.lstat(box.path(".ssh/config"))).isSymlink, true);
  assertEquals((await box.get("dotfiles/config")).text, "Include c3po.conf\n\nUser me\n");
  const home = box.path("bare");
  await Deno.mkdir(home);
  const env = { HOME: home };
  await box.c3po(write, { stdout: /./, stderr: /./ }, { stdin: RANDOM, env });
  assertEquals(await box.get("bare/.ssh/config"), { mode: 0o600, text: "Include c3po.conf\n" });
  assertEquals((await Deno.stat(`${home}/.ssh`)).mode! & 0o777, 0o700);
});
