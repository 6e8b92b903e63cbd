import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { parseKey } from "../../src/schedule/key_text.ts";
import { ArrivalLedger, formatArrivals } from "../../src/users/arrival_ledger.ts";
import { loadRegistry } from "../../src/users/registry.ts";
import { type Expected, Sandbox } from "./sandbox.ts";

const KEY = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** A server with its own key, and a folder of users that is not there yet. */
class Server implements AsyncDisposable {
  private constructor(readonly box: Sandbox) {}

  static async create(): Promise<Server> {
    const server = new Server(await Sandbox.create());
    await server.box.put("etc/key", `${KEY}?ports=20000-29999\n`);
    return server;
  }

  /** Runs `c3po user` on it. */
  async user(args: string[], expected: Expected, stdin?: string): Promise<string> {
    const env = {
      C3PO_USERS: this.box.path("etc/users"),
      C3PO_KEY: this.box.path("etc/key"),
      STATE_DIRECTORY: this.box.path("state"),
    };
    const call = { env };
    return await this.box.c3po(
      ["user", ...args],
      expected,
      stdin === undefined ? call : { ...call, stdin },
    );
  }

  async names(): Promise<string[]> {
    const { users } = await loadRegistry(this.box.path("etc/users"), this.box.path("etc/key"));
    return users.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.box[Symbol.asyncDispose]();
  }
}

Deno.test("user add makes a file that the server takes, and prints the key line alone", async () => {
  await using server = await Server.create();
  const line = await server.user(["add", "alice"], {
    stdout: /^c3po-1-[\w-]{43}\?ports=20000-29999\n$/,
    stderr:
      /^c3po: new user alice, fingerprint [0-9a-f]{8}, ports 20000-29999, in .*alice\.toml\nc3po: hint: on the machine of alice: c3po key add HOST\n$/,
  });
  const { mode, text } = await server.box.get("etc/users/alice.toml");
  assertEquals([mode, text], [0o600, `key = "${line.trim()}"\n`]);
  assertEquals((await Deno.stat(server.box.path("etc/users"))).mode! & 0o777, 0o700);
  assertEquals(await server.names(), ["default", "alice"]);
});

Deno.test("user add --json has all of it, and takes services and an expiry", async () => {
  await using server = await Server.create();
  const words = ["add", "bob", "--services", "ssh,postgres", "--expires", "2999-01-31", "--json"]
    .concat(["--from", "192.0.2.0/24", "--from", "2001:db8::/32"]);
  const json = JSON.parse(
    await server.user(words, { stdout: /./, stderr: /this server has no service postgres yet/ }),
  );
  assertEquals(json, {
    user: "bob",
    file: server.box.path("etc/users/bob.toml"),
    key: json.key,
    fingerprint: json.fingerprint,
    services: ["ssh", "postgres"],
    expires: "2999-01-31T00:00:00Z",
    from: ["192.0.2.0/24", "2001:db8::/32"],
  });
  assertEquals(parseKey(json.key).kind, "random");
  assertEquals(
    (await server.box.get("etc/users/bob.toml")).text,
    `key = "${json.key}"\nservices = ["ssh", "postgres"]\nexpires = 2999-01-31T00:00:00Z\n` +
      'from = ["192.0.2.0/24", "2001:db8::/32"]\n',
  );
});

Deno.test("two users have different keys, and a key may be brought through a pipe", async () => {
  await using server = await Server.create();
  const keys = [];
  for (const name of ["alice", "bob"]) {
    keys.push(await server.user(["add", name], { stdout: /./, stderr: /./ }));
  }
  assertNotEquals(keys[0], keys[1]);
  const own = "c3po-1-Zdv9xUA6Jgl2PqopF7h1e1siXy8XfDRl-eN0HLGPhuw";
  await server.user(["add", "carol", "--key", "-"], {
    stdout: `${own}\n`,
    stderr: /fingerprint 044f3d5c/,
  }, `${own}\n`);
});

Deno.test("user add --dry-run shows the file without a key, and writes nothing", async () => {
  await using server = await Server.create();
  await server.user(["add", "alice", "--expires", "2999-01-31", "--dry-run"], {
    stdout: `# ${
      server.box.path("etc/users/alice.toml")
    }\nkey = "c3po-1-…"\nexpires = 2999-01-31T00:00:00Z\n`,
  });
  assertEquals(await server.box.files(), ["etc/key"]);
});

const MASTER = "c3po-1-master-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const REFUSED: readonly [string[], Expected, string?][] = [
  [["add"], { code: 2, stderr: /NAME is missing/ }],
  [["add", "Alice"], { code: 2, stderr: /"Alice" is not a valid user name/ }],
  [["add", "../key"], { code: 2, stderr: /"\.\.\/key" is not a valid user name/ }],
  [["add", "default"], { code: 2, stderr: /"default" is the user whose key is/ }],
  [["add", "alice", "--services", "SSH"], { code: 2, stderr: /"SSH" is not a valid service/ }],
  [["add", "alice", "--expires", "soon"], { code: 2, stderr: /cannot read time "soon"/ }],
  [["add", "alice", "--expires", "2020-01-01"], {
    code: 2,
    stderr: /2020-01-01T00:00:00Z is over/,
  }],
  [["add", "alice", "--from", "office"], { code: 2, stderr: /"office" is not an IP address/ }],
  [["add", "alice", "--key", "-"], { code: 1, stderr: /classic key/ }, "classic:hello"],
  [["add", "alice", "--key", "-"], { code: 1, stderr: /a master key only derives keys/ }, MASTER],
  [["add", "alice", "--key", "-"], { code: 1, stderr: /is that of user "default" already/ }, KEY],
  [["remove", "alice"], { code: 1, stderr: /there is no user "alice"/ }],
  [["remove", "../key"], { code: 2, stderr: /not a valid user name/ }],
  [["remove", "alice", "--services", "ssh"], { code: 2, stderr: /does not go with "user remove"/ }],
  [["rename", "alice"], { code: 2, stderr: /unknown user command "rename"/ }],
];

Deno.test("what can be no user is refused, and nothing is written", async () => {
  await using server = await Server.create();
  for (const [args, expected, stdin] of REFUSED) {
    await server.user(args, expected, stdin);
    assertEquals(await server.box.files(), ["etc/key"], args.join(" "));
  }
});

Deno.test("a user who is there is not replaced, and a folder that others may enter gets none", async () => {
  await using server = await Server.create();
  await server.user(["add", "alice"], { stdout: /./, stderr: /./ });
  const before = await server.box.get("etc/users/alice.toml");
  await server.user(["add", "alice"], { code: 1, stderr: /user "alice" already exists/ });
  assertEquals(await server.box.get("etc/users/alice.toml"), before);
  await Deno.chmod(server.box.path("etc/users"), 0o755);
  await server.user(["add", "bob"], { code: 1, stderr: /etc\/users": others have access/ });
  assertEquals(await server.box.files(), ["etc/key", "etc/users/alice.toml"]);
});

Deno.test("user remove takes the file away, after a rehearsal that does not", async () => {
  await using server = await Server.create();
  for (const name of ["alice", "bob"]) {
    await server.user(["add", name], { stdout: /./, stderr: /./ });
  }
  const file = server.box.path("etc/users/alice.toml");
  await server.user(["remove", "alice", "--dry-run"], { stdout: `${file}\n` });
  assertEquals(await server.names(), ["default", "alice", "bob"]);
  await server.user(["remove", "alice", "--json"], {
    stdout: `${JSON.stringify({ user: "alice", file })}\n`,
  });
  assertEquals(await server.names(), ["default", "bob"]);
  await Deno.remove(server.box.path("etc/key"));
  await server.user(["remove", "bob"], { stdout: /bob/, stderr: /warning: no user is left/ });
});

Deno.test("user canary keeps the key, and all else but the expiry", async () => {
  await using server = await Server.create();
  const words = ["--services", "ssh,postgres", "--expires", "2999-01-31"];
  await server.user(["add", "alice", ...words], { stdout: /./, stderr: /./ });
  const before = (await server.box.get("etc/users/alice.toml")).text;
  const file = server.box.path("etc/users/alice.toml");
  await server.user(["canary", "alice", "--dry-run"], { stdout: `${file}\n` });
  assertEquals((await server.box.get("etc/users/alice.toml")).text, before);
  await server.user(["canary", "alice"], { stdout: `${file}\n` });
  assertEquals(await server.box.get("etc/users/alice.toml"), {
    mode: 0o600,
    text: before.replace(/^expires.*$/m, 'state = "canary"'),
  });
});

Deno.test("user list shows everybody, and names the files that cannot be used", async () => {
  await using server = await Server.create();
  await server.user(["add", "alice"], { stdout: /./, stderr: /./ });
  const text = (name: string): Promise<string> => Deno.readTextFile(server.box.path(name));
  const fingerprints = JSON.parse(await server.user(["list", "--json"], { stdout: /./ }));
  assertEquals(fingerprints.problems, []);
  await server.box.put(
    "etc/users/bob.toml",
    (await text("etc/users/alice.toml")).replace(/1-./, "1-_") + "expires = 2020-01-01\n",
  );
  await server.box.put("etc/users/carol.toml", "key = 7\n");
  const at = Date.parse("2026-11-22T08:00:00Z");
  const arrival = { user: "alice", service: "ssh", address: "192.0.2.7", port: 4711, at };
  await server.box.put("state/arrivals.json", formatArrivals(new ArrivalLedger([arrival])));
  const out = await server.user(["list"], {
    code: 1,
    stdout: /^USER +SERVICES +EXPIRES +STATE +FINGERPRINT +LAST ARRIVAL\n/,
    stderr: /^c3po: error: ".*carol\.toml": key: it must be a string\n$/,
  });
  const rows = out.trim().split("\n").slice(1).map((line) => line.split(/ {2,}/));
  assertEquals(rows.map((row) => row.slice(0, 4)), [
    ["default", "ssh", "never", "open"],
    ["alice", "ssh", "never", "open"],
    ["bob", "ssh", "2020-01-01T00:00:00Z", "expired"],
  ]);
  assertMatch(rows[1]![4]!, /^[0-9a-f]{8}$/);
  assertEquals(rows.map((row) => row[5]), ["none", "2026-11-22T08:00:00Z 192.0.2.7", "none"]);
});
