import { assert, assertEquals, assertMatch, assertNotMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { Failure } from "../../src/os/errors.ts";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { loadRegistry, type Registry, registryOf } from "../../src/users/registry.ts";

/** A key line of its own for each number. */
function keyLine(number: number): string {
  return formatRandomKey(new Uint8Array(32).fill(number));
}

/** A folder of users as a server has it, in a folder of its own. */
class Users implements AsyncDisposable {
  readonly folder: string;
  readonly keyFile: string;

  private constructor(readonly root: string) {
    this.folder = join(root, "users");
    this.keyFile = join(root, "key");
  }

  static async create(): Promise<Users> {
    const users = new Users(await Deno.makeTempDir({ prefix: "c3po-users-" }));
    await Deno.mkdir(users.folder, { mode: 0o700 });
    return users;
  }

  async put(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.root, name);
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    return path;
  }

  async add(name: string, number: number): Promise<string> {
    return await this.put(`users/${name}.toml`, `key = "${keyLine(number)}"\n`);
  }

  async load(): Promise<Registry> {
    return await loadRegistry(this.folder, this.keyFile);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

function names({ users }: Registry): string[] {
  return users.map(({ name }) => name);
}

Deno.test("a server with nothing but its key has the user default, with all services", async () => {
  await using users = await Users.create();
  await Deno.remove(users.folder);
  for (const line of [keyLine(1), "classic:hello", "correct horse battery staple"]) {
    await users.put("key", `${line}\n`);
    const { users: [only, ...rest], problems } = await users.load();
    assertEquals([rest, problems], [[], []]);
    const { fingerprint, ...user } = only!;
    assertEquals(user, {
      name: "default",
      key: parseKey(line),
      services: "all",
      expires: null,
      from: [],
      state: "open",
    });
    assertEquals(fingerprint === null, line !== keyLine(1));
  }
});

Deno.test("a server without any key has no users and no problem", async () => {
  await using users = await Users.create();
  assertEquals(await users.load(), { users: [], problems: [] });
});

Deno.test("of broken files each disables its own user, and one line names it", async () => {
  await using users = await Users.create();
  await users.put("key", keyLine(1));
  for (const [at, name] of ["alice", "bob", "carol", "dave"].entries()) {
    await users.add(name, at + 2);
  }
  const broken = [
    await users.put("users/e1.toml", `key = "${keyLine(20)}\n`),
    await users.put("users/e2.toml", `key = "${keyLine(21)}"\n`, 0o644),
    await users.put("users/e3.toml", `key = "${keyLine(22)}"\nexpire = 2027-01-01\n`),
    await users.put("users/e4.toml", 'key = "correct horse battery staple"\n'),
    await users.put("users/E5.toml", `key = "${keyLine(23)}"\n`),
    await users.put("users/default.toml", `key = "${keyLine(24)}"\n`),
  ];
  const registry = await users.load();
  assertEquals(names(registry), ["default", "alice", "bob", "carol", "dave"]);
  assertEquals(registry.problems.map(({ file }) => file), broken.toSorted());
  const told = new Map(registry.problems.map((each) => [each.file, each]));
  assertMatch(told.get(broken[1]!)!.message, /^others have access: its mode is 0644$/);
  assertMatch(told.get(broken[1]!)!.hint!, /^chmod 0600 /);
  assertEquals(told.get(broken[2]!)!.hint, "did you mean expires?");
  assertMatch(told.get(broken[5]!)!.message, /^"default" is the user whose key is/);
  assertNotMatch(JSON.stringify(registry.problems), /horse|c3po-1-(?!…)|F[RYBc]UV/);
});

Deno.test("of two files with one key neither is served, and each names the other", async () => {
  await using users = await Users.create();
  await users.add("alice", 1);
  const [bob, carol] = [await users.add("bob", 2), await users.add("carol", 2)];
  await users.put("users/carol.toml", `key = "${keyLine(2)}?ports=2000-9000"\n`);
  const registry = await users.load();
  assertEquals(names(registry), ["alice"]);
  const [first, second] = registry.problems;
  assertEquals([first!.file, second!.file], [bob, carol]);
  assertMatch(
    first!.message,
    /^the key with fingerprint [0-9a-f]{8} is that of ".*\/carol\.toml" too$/,
  );
  assertMatch(
    second!.message,
    /^the key with fingerprint [0-9a-f]{8} is that of ".*\/bob\.toml" too$/,
  );
});

Deno.test("a user with the server's own key is not served, and the user default is", async () => {
  const file = { path: "/users/alice.toml", name: "alice", content: `key = "${keyLine(1)}"\n` };
  const registry = await registryOf([file], {
    key: parseKey(keyLine(1)),
    source: "/etc/c3po/key",
  });
  assertEquals(names(registry), ["default"]);
  assertMatch(registry.problems[0]!.message, /is that of "\/etc\/c3po\/key" too$/);
});

Deno.test("a folder that others may enter gives no users but the server's own", async () => {
  await using users = await Users.create();
  await users.put("key", keyLine(1));
  await users.add("alice", 2);
  await Deno.chmod(users.folder, 0o755);
  const registry = await users.load();
  assertEquals(names(registry), ["default"]);
  assertEquals(registry.problems.map(({ file, message }) => [file, message]), [
    [users.folder, "others have access: its mode is 0755"],
  ]);
});

Deno.test("a folder that is there and cannot be read is not taken for empty", async () => {
  await using users = await Users.create();
  await Deno.remove(users.folder);
  await users.put("users", "no folder\n");
  await users.put("key", keyLine(1));
  await assertRejects(() => users.load(), Failure, "cannot read");
});

Deno.test("a broken key of the server is a problem, and the users are served", async () => {
  await using users = await Users.create();
  await users.add("alice", 2);
  for (const [text, mode] of [["short", 0o600], [keyLine(1), 0o644]] as const) {
    await users.put("key", text, mode);
    const registry = await users.load();
    assertEquals(names(registry), ["alice"]);
    assertEquals(registry.problems.map(({ file }) => file), [users.keyFile]);
  }
});

Deno.test("what an editor or a staged write leaves in the folder is no user's file", async () => {
  await using users = await Users.create();
  await users.add("alice", 1);
  for (const name of [".alice.toml.swp", "alice.toml~", ".c3po-1234", "README", ".bob.toml"]) {
    await users.put(`users/${name}`, "not for anybody\n");
  }
  await Deno.mkdir(join(users.folder, "carol.toml"), { mode: 0o700 });
  const registry = await users.load();
  assertEquals(names(registry), ["alice"]);
  assert(registry.problems.length === 1 && registry.problems[0]!.message.includes("is not a file"));
});
