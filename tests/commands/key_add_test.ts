import { assertEquals } from "@std/assert";
import { c3poCommand } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

/** How the block that is printed runs the very program that printed it. */
const C3PO = c3poCommand().join(" ");

/** The block of a host whose key lies at that path. */
const blockOf = (hosts: string, file: string): string =>
  `Host ${hosts}\n  ProxyCommand ${C3PO} proxy --key ${file} %h\n`;

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const OTHER = "c3po-1-HxwdHhkaGxgVFhcUERITEA0ODwwJCgsIBQYHBAECAwA";

Deno.test("key add keeps the key of a host and prints its Host block", async () => {
  await using box = await Sandbox.create();
  const file = box.path(".config/c3po/web.example.key");
  const block = blockOf("web.example", file);
  const add = ["key", "add", "web.example"];
  const stdin = `# from the server\n${RANDOM}\n`;
  await box.c3po(add, {
    stdout: block,
    stderr: `c3po: random key, fingerprint c4048f50, written to ${file}\n` +
      "c3po: hint: put this into ~/.ssh/config, or run it again with --write:\n",
  }, { stdin });
  assertEquals(await box.get(".config/c3po/web.example.key"), { mode: 0o600, text: `${RANDOM}\n` });
  await box.c3po(add, { stdout: block, stderr: /, fingerprint c4048f50, was already in / }, {
    stdin,
  });
  await box.c3po(add, {
    code: 1,
    stderr: `c3po: error: "${file}" already holds another key\n` +
      "c3po: hint: add --replace if the server has a new key\n",
  }, { stdin: OTHER });
  assertEquals((await box.get(".config/c3po/web.example.key")).text, `${RANDOM}\n`);
  await box.c3po([...add, "--replace"], {
    stdout: block,
    stderr: /^c3po: random key, fingerprint \w+, written to /,
  }, {
    stdin: OTHER,
  });
  assertEquals((await box.get(".config/c3po/web.example.key")).text, `${OTHER}\n`);
  assertEquals(await box.files(), [".config/c3po/web.example.key"]);
});

Deno.test("the Host block names the program and the key by paths that its readers read back", async () => {
  await using box = await Sandbox.create();
  const home = box.path("a 50% home");
  await Deno.mkdir(home);
  const out = await box.c3po(["key", "add", "127.1", "--json"], { stdout: /^{.*}\n$/ }, {
    stdin: RANDOM,
    env: { HOME: home },
  });
  const file = `'${box.home}/a 50%% home/.config/c3po/127.1.key'`;
  assertEquals(JSON.parse(out).block, blockOf("127.1", file));
});

Deno.test("key add refuses what is no host name and what is no key, and writes nothing", async () => {
  await using box = await Sandbox.create();
  for (const name of ["*", "root@web", "!web", "a b", ".ssh", "-x"]) {
    await box.c3po(["key", "add", "--", name], {
      code: 2,
      stderr: /^c3po: error: ".*" is not a host name\nc3po: hint: /,
    }, { stdin: RANDOM });
  }
  await box.c3po(["key", "add"], {
    code: 2,
    stderr: /^c3po: error: HOST is missing\nc3po: hint: /,
  });
  await box.c3po(["key", "add", "web:22"], {
    code: 2,
    stderr: 'c3po: error: "web:22" names a port, and the port changes every minute\n' +
      "c3po: hint: write web\n",
  });
  for (const stdin of ["", RANDOM.slice(0, -1), `${RANDOM}\n${OTHER}`]) {
    const stderr = /^c3po: error: what came through the pipe: (?![^]*AAECAw).*\nc3po: hint: /;
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
  // HOME is not where ssh looks for the configuration of the user who runs this test.
  await add(
    "web",
    /\nc3po: changed .*\/\.ssh\/c3po\.conf\nc3po: changed .*\/\.ssh\/config\nc3po: hint: HOME/,
  );
  const include = { mode: 0o644, text: `Include ${box.path(".ssh/c3po.conf")}\n\n${config}` };
  assertEquals(await box.get(".ssh/config"), include);
  await add("web", /\nc3po: the Host block was already there\n/);
  await add("mail", /\nc3po: changed .*\/\.ssh\/c3po\.conf\n(?!.*changed)/);
  assertEquals(await box.get(".ssh/config"), include);
  assertEquals(await box.get(".ssh/c3po.conf"), {
    mode: 0o600,
    text: ["web", "mail"].map((name) => blockOf(name, box.path(`.config/c3po/${name}.key`)))
      .join("\n"),
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
  assertEquals(
    (await box.get("dotfiles/config")).text,
    `Include ${box.path(".ssh/c3po.conf")}\n\nUser me\n`,
  );
  const home = box.path("bare");
  await Deno.mkdir(home);
  const env = { HOME: home };
  await box.c3po(write, { stdout: /./, stderr: /./ }, { stdin: RANDOM, env });
  assertEquals(await box.get("bare/.ssh/config"), {
    mode: 0o600,
    text: `Include ${home}/.ssh/c3po.conf\n`,
  });
  assertEquals((await Deno.stat(`${home}/.ssh`)).mode! & 0o777, 0o700);
});
