import { assert, assertEquals, assertMatch } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { loadRegistry } from "../../src/users/registry.ts";
import { parseFleetLine } from "../../src/fleet/line.ts";
import { isSignedBy, readPublicKey } from "../../src/fleet/signature.ts";
import { formatKey } from "../../src/schedule/key_text.ts";
import { Sandbox } from "./sandbox.ts";

const [alice, web1, web2, , bob] = vectors.derive;

async function prepared(): Promise<{ box: Sandbox; keys: string[] }> {
  const box = await Sandbox.create();
  const users = await box.put("users", "# people\nalice ssh,postgres\nbob\n");
  const hosts = await box.put("hosts", "web1.example.org\nweb2.example.org\n");
  const files = ["--users", users, "--hosts", hosts];
  return { box, keys: ["fleet", "keys", ...files, "--out", box.path("keys")] };
}

Deno.test("fleet new writes a master key that only its owner may read, and never another", async () => {
  await using box = await Sandbox.create();
  const file = box.path("fleet.key");
  const create = ["fleet", "new", file, "--ports", "2000-60000"];
  await box.c3po(create, {
    stdout: `${file}\n`,
    stderr:
      /^c3po: new master key, ports 2000-60000, fingerprint [0-9a-f]{8}\nc3po: hint: .*offline/,
  });
  const { mode, text } = await box.get("fleet.key");
  assertEquals(mode, 0o600);
  assertMatch(text, /^c3po-1-master-[\w-]{43}\?ports=2000-60000\n$/);
  await box.c3po(create, { code: 1, stderr: /^c3po: error: ".*fleet\.key" already exists\n/ });
  assertEquals((await box.get("fleet.key")).text, text);
});

Deno.test("fleet keys makes what every host and every user gets, and nothing else", async () => {
  const { box, keys } = await prepared();
  await using _ = box;
  await box.c3po(keys, {
    stdout: `${box.path("keys")}\n`,
    stderr: "c3po: keys of 2 users on 2 hosts\n",
  }, { stdin: vectors.fleet_master });
  const hosts = ["web1.example.org", "web2.example.org"];
  assertEquals(await box.files("keys"), [
    "keys/admin.key",
    "keys/admin.pub",
    "keys/clients/alice.key",
    "keys/clients/bob.key",
    "keys/members",
    ...hosts.flatMap((host) => [
      `keys/${host}/member.key`,
      `keys/${host}/users/alice.toml`,
      `keys/${host}/users/bob.toml`,
    ]),
  ]);
  for (const name of await box.files("keys")) assertEquals((await box.get(name)).mode, 0o600, name);
  const members = (await box.get("keys/members")).text.split("\n");
  assertEquals(members[0], `${vectors.member.name} ${vectors.member.public}`);
  assertMatch(members[1]!, /^web2\.example\.org [\w-]{43}$/);
  assertMatch(
    (await box.get("keys/web1.example.org/member.key")).text,
    /^c3po-1-member-[\w-]{43}\n$/,
  );

  // A server serves them, and a client finds the same keys from its master key.
  const registry = await loadRegistry(box.path("keys/web1.example.org/users"), box.path("none"));
  assertEquals(registry.problems, []);
  assertEquals(registry.users.map(({ name, key, services }) => [name, formatKey(key), services]), [
    ["alice", web1!.key, ["ssh", "postgres"]],
    ["bob", bob!.key, ["ssh"]],
  ]);
  const { text } = await box.get("keys/clients/alice.key");
  assertEquals(text, `${alice!.key.replace("c3po-1-", "c3po-1-master-")}\n`);
  await box.put(".config/c3po/default.key", text);
  await box.c3po(["key", "show", "web2.example.org"], { stdout: `${web2!.key}\n` });
});

Deno.test("fleet keys refuses what it cannot use, and leaves nothing behind", async () => {
  const { box, keys } = await prepared();
  await using _ = box;
  const before = await box.files();
  const fleet = { stdin: vectors.fleet_master };
  const refused = async (stderr: RegExp, call = fleet): Promise<void> => {
    await box.c3po(keys, { code: 1, stderr }, call);
    assertEquals(await box.files(), before);
  };
  await refused(/^(?![^]*MHPL)c3po: error: the key in stdin is not a fleet master key/, {
    stdin: web1!.key,
  });
  await box.put("hosts", "web1.example.org\nWeb2\n");
  await refused(/^c3po: error: ".*hosts": line 2: "Web2" is not a valid host id\n/);
  await box.put("hosts", "clients\n");
  await refused(/^c3po: error: ".*hosts": line 1: "clients" is reserved in the output directory/);
  await box.put("hosts", "web1 ssh\n");
  await refused(/: line 1: "ssh" is unexpected\n/);
  await box.put("hosts", "web1\n");
  await box.put("users", "default\n");
  await refused(/^c3po: error: ".*users": line 1: "default" is the user whose key is /);
  await box.put("users", "alice Postgres\n");
  await refused(/: line 1: "Postgres" is not a valid service/);
  await box.put("users", "alice\n");
  await box.put("keys/mine", "something");
  await box.c3po(keys, { code: 1, stderr: /^c3po: error: ".*keys" already exists\n/ }, fleet);
  assertEquals(await box.files("keys"), ["keys/mine"]);
});

Deno.test("the fleet commands refuse each other's options, and say what is missing", async () => {
  await using box = await Sandbox.create();
  const misuse = async (args: string[], message: string): Promise<void> => {
    await box.c3po(["fleet", ...args], { code: 2, stderr: new RegExp(`^c3po: error: ${message}`) });
  };
  await misuse([], "no fleet command given\nc3po: hint: use one of: new, keys, order, publish\n");
  await misuse(["key"], 'unknown fleet command "key"');
  await misuse(["new", "a", "b"], 'unexpected argument "b"');
  await misuse(["new", "--out", "x"], '--out does not go with "fleet new"');
  await misuse(["keys", "--users", "x", "--hosts", "y"], "--out is missing");
  await misuse(["order"], "no order given\nc3po: hint: use one of: ban ADDR, ");
  await misuse(["order", "reboot", "now"], 'unknown order "reboot"');
  await misuse(["order", "ban", "127.0.0.1"], '"127.0.0.1" cannot be banned');
  await misuse(
    ["order", "ban", "192.0.2.1", "--for", "16m"],
    '"16m" is longer than an order bans: 15m',
  );
  await misuse(
    ["order", "forgive", "all", "--for", "1m"],
    "--for goes with order ban and order allow",
  );
  await misuse(
    ["order", "allow", "192.0.0.0/8"],
    '"192.0.0.0/8" is too wide to be allowed by an order',
  );
  await misuse(["order", "forgive", "all", "more"], 'unexpected argument "more"');
  await misuse(["order", "revoke", "alice"], '"alice" is not a fingerprint');
  await misuse(["publish", "--key", "x"], '--key does not go with "fleet publish"');
  await misuse(["new", "--ports", "5-6"], 'port range "5-6" holds fewer');
});

Deno.test("fleet order signs with the administrator's key, or with the master key that it comes from", async () => {
  const { box, keys } = await prepared();
  await using _ = box;
  await box.c3po(keys, { stdout: /./, stderr: /./ }, { stdin: vectors.fleet_master });
  const key = await readPublicKey((await box.get("keys/admin.pub")).text.trim());
  const orders: [string[], string][] = [
    [["ban", "2001:db8::7", "--for", "90s"], "ban 2001:db8::/64 90"],
    [["ban", "192.0.2.7"], "ban 192.0.2.7 900"],
    [["forgive", "192.0.2.7"], "forgive 192.0.2.7"],
    [["forgive", "all"], "forgive all"],
    [["allow", "198.51.100.7/24"], "allow 198\\.51\\.100\\.0/24 3600"],
    [["allow", "2001:db8::/48", "--for", "7d"], "allow 2001:db8::/48 604800"],
    [["expel", "web2.example.org"], "expel web2.example.org"],
    [["revoke", "044f3d5c"], "revoke user 044f3d5c"],
  ];
  for (const [words, said] of orders) {
    const stdout = new RegExp(`^c3po-fleet-1 admin \\d{16} \\d{10} order ${said} [\\w-]{86}\n$`);
    const given = ["fleet", "order", ...words, "--key", box.path("keys/admin.key")];
    const line = await box.c3po(given, { stdout, stderr: /^c3po: hint: send it/ });
    assert(await isSignedBy(parseFleetLine(line.trim()), key), said);
  }
  const order = ["fleet", "order", "forgive", "all"];
  const line = await box.c3po(order, { stdout: /^c3po-fleet-1 admin /, stderr: /./ }, {
    stdin: vectors.fleet_master,
  });
  assert(await isSignedBy(parseFleetLine(line.trim()), key), "of the master key");
  await box.c3po([...order, "--key", box.path("keys/web1.example.org/member.key")], {
    code: 1,
    stderr: /member\.key: the key is not that of a fleet's administrator\nc3po: hint: /,
  });
});
