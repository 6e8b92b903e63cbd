import { assertEquals, assertMatch } from "@std/assert";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

async function write(box: Sandbox, name: string): Promise<void> {
  await box.c3po(["key", "add", name, "--write"], { stdout: /^Host /, stderr: /written to/ }, {
    stdin: RANDOM,
  });
}

Deno.test("a configuration of thousands of hosts, and one that is not UTF-8, keep every byte", async () => {
  await using box = await Sandbox.create();
  const hosts = "Host a\n  HostName b.example.org\n".repeat(5_000);
  const bytes = new Uint8Array([...new TextEncoder().encode(`${hosts}# caf`), 0xe9, 0x0a]);
  await Deno.mkdir(box.path(".ssh"));
  await Deno.writeFile(box.path(".ssh/config"), bytes);
  await write(box, "web");
  const after = await Deno.readFile(box.path(".ssh/config"));
  const include = new TextEncoder().encode(`Include ${box.path(".ssh/c3po.conf")}\n\n`);
  assertEquals(after.subarray(0, include.length), include);
  assertEquals(after.subarray(include.length), bytes);
});

Deno.test("a configuration that is a link to nothing is not replaced", async () => {
  await using box = await Sandbox.create();
  await Deno.mkdir(box.path(".ssh"));
  await Deno.symlink("../dotfiles/config", box.path(".ssh/config"));
  await box.c3po(["key", "add", "web", "--write"], {
    code: 1,
    stderr: /error: "[^"]*config" is a link to a file that is not there\nc3po: hint: the key and /,
  }, { stdin: RANDOM });
  assertEquals(await Deno.readLink(box.path(".ssh/config")), "../dotfiles/config");
});

Deno.test("a home in another script is written into the block as it is", async () => {
  await using box = await Sandbox.create();
  const home = box.path("jürgen");
  await Deno.mkdir(home);
  await box.c3po(["key", "add", "web", "--write"], { stdout: /^Host /, stderr: /written to/ }, {
    stdin: RANDOM,
    env: { HOME: home },
  });
  const { text } = await box.get("jürgen/.ssh/c3po.conf");
  assertEquals(text.includes(`--key '${home}/.config/c3po/web.key' %h`), true, text);
});

Deno.test("ssh finds the block that --write put in place where HOME is that of a job or of another user", async () => {
  await using box = await Sandbox.create();
  const home = box.path("dir of jürgen");
  await Deno.mkdir(home);
  await box.c3po(["key", "add", "web", "--write"], { stdout: /^Host /, stderr: /written to/ }, {
    stdin: RANDOM,
    env: { HOME: home },
  });
  const { stdout } = await new Deno.Command("ssh", {
    args: ["-F", `${home}/.ssh/config`, "-G", "web"],
    env: { HOME: "/nonexistent" },
  }).output();
  assertMatch(new TextDecoder().decode(stdout), /^proxycommand .* proxy --key .*web\.key/m);
});

Deno.test("several key add at once lose none of their blocks", async () => {
  await using box = await Sandbox.create();
  const names = ["a1", "a2", "a3", "a4", "a5", "a6"];
  await Promise.all(names.map((name) => write(box, name)));
  const { text } = await box.get(".ssh/c3po.conf");
  assertEquals([...text.matchAll(/^Host (.*)$/gm)].map(([, name]) => name).sort(), names);
  assertEquals((await box.get(".ssh/config")).text, `Include ${box.path(".ssh/c3po.conf")}\n`);
  assertEquals((await box.files(".ssh")).sort(), [".ssh/c3po.conf", ".ssh/config"]);
});

Deno.test({
  name: "where the configuration cannot be changed, the line to add by hand is told",
  ignore: !isRoot,
}, async () => {
  await using box = await Sandbox.create();
  const store = await box.put("store/config", "User me\n", 0o444);
  await Deno.mkdir(box.path(".ssh"));
  await Deno.symlink(store, box.path(".ssh/config"));
  const immutable = box.path("store");
  const script =
    `mount --bind ${immutable} ${immutable} && mount -o remount,bind,ro ${immutable} && exec "$@"`;
  await box.confined(script, ["key", "add", "web", "--write"], {
    code: 1,
    stderr: new RegExp(
      `^c3po: error: cannot change "${box.path(".ssh/config")}": .*\n` +
        "c3po: hint: the key and .* are written; put this line at the top of your ssh_config " +
        `yourself: Include ${box.path(".ssh/c3po.conf")}\n$`,
    ),
  }, RANDOM);
});

Deno.test({
  name: "what root writes to a user's configuration stays the user's",
  ignore: !isRoot,
}, async () => {
  await using box = await Sandbox.create();
  await box.put(".ssh/config", "Host a\n");
  for (const path of [".ssh", ".ssh/config"]) await Deno.chown(box.path(path), 65534, 65534);
  await write(box, "web");
  for (const path of [".ssh/config", ".ssh/c3po.conf"]) {
    const { uid, gid, mode } = await Deno.stat(box.path(path));
    assertEquals([uid, gid, mode! & 0o777], [65534, 65534, 0o600], path);
  }
});
