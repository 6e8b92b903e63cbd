import { assert } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { Sandbox } from "./sandbox.ts";

const [alice, web1, web2, postgres, , six] = vectors.derive as [Row, Row, Row, Row, Row, Row];
type Row = typeof vectors.derive[number];
const AT = ["--at", String(vectors.minute * 60)];
const ID = "web1.example.org";

/** A home with alice's master key as the key of all hosts. */
async function withMaster(): Promise<Sandbox> {
  const box = await Sandbox.create();
  await box.put(".config/c3po/default.key", `${alice.key.replace("c3po-1-", "c3po-1-master-")}\n`);
  return box;
}

Deno.test("a master key is the key of every host that has none of its own", async () => {
  await using box = await withMaster();
  const port = async (args: string[], port: number | RegExp): Promise<void> => {
    const stdout = typeof port === "number" ? `${port}\n` : port;
    await box.c3po(["port", ...args, ...AT], { stdout });
  };
  await port([ID], web1.port);
  await port(["WEB2.Example.ORG"], web2.port);
  await port(["2001:DB8:0::7"], six.port);
  await port(["anything", "--as", ID], web1.port);
  await port(["--as", ID], web1.port);
  await port([ID, "--service", "postgres"], postgres.port);
  await port([ID, "--service", "ssh"], web1.port);
  const own = await box.put(`.config/c3po/${ID}.key`, "classic:own\n");
  await port([ID], Number(await box.c3po(["port", "--key", own, ...AT], { stdout: /^\d+\n$/ })));
});

Deno.test("hosts.toml says which host a name is, before ssh does", async () => {
  await using box = await withMaster();
  await box.put(
    ".config/c3po/hosts.toml",
    `Web = "${ID}" # by name\n"192.0.2.7" = "web2.example.org"\n`,
    0o644,
  );
  for (const [name, row] of [["web", web1], ["WEB", web1], ["192.0.2.7", web2]] as const) {
    await box.c3po(["port", name, ...AT], { stdout: `${row.port}\n` });
  }
  await box.c3po(["port", "web", "--as", "web2.example.org", ...AT], { stdout: `${web2.port}\n` });
  const refused = async (text: string, stderr: RegExp): Promise<void> => {
    await box.put(".config/c3po/hosts.toml", text);
    await box.c3po(["port", "web", ...AT], { code: 1, stderr });
  };
  await refused("web = 5\n", /^c3po: error: ".*hosts\.toml": the id of "web" must be a string\n/);
  await refused('web = "Web1"\n', /: "Web1" is not a valid host id\n/);
  await refused('web = "a"\nweb = "b"\n', /: "web" appears twice\n/);
  await refused('web1.example.org = "a"\n', /: "web1" is a table.*\nc3po: hint: .*quotes/);
  await refused('web = "a\n', /: not TOML: see line 1, column \d+\n/);
});

Deno.test("ssh, proxy and check find the key of the host, too", async () => {
  await using box = await withMaster();
  const config = await box.put("ssh_config", `Host web\n  HostName ${ID}\n`);
  const schedule = await Schedule.of(parseKey(postgres.key));
  const before = minuteAt(Date.now());
  const ssh = ["ssh", "--service", "postgres", "--dry-run", "-F", config, "web"];
  const out = await box.c3po(ssh, { stdout: /^ssh -p \d+ / });
  const minutes = [before, minuteAt(Date.now())];
  const ports = await Promise.all(minutes.map((each) => schedule.ports(each, 0)));
  assert(ports.some((each) => out.startsWith(`ssh -p ${each.ssh} `)), out);
  const stdout = /^SSH-2\.0-c3po/; // where ssh hears of a failure
  const stderr = /^c3po: error: "127\.0\.0\.1" is up, but this minute/;
  await box.c3po(["proxy", "127.0.0.1", "--as", ID], { code: 1, stdout, stderr });
  await box.c3po(["proxy", "127.0.0.1", "--service", "postgres"], { code: 1, stdout, stderr });
  const found = `derived for host id ${ID}, fingerprint ${web1.fingerprint}`;
  const check = ["check", "127.0.0.1", "--as", ID];
  await box.c3po(check, { code: 1, stdout: new RegExp(found) });
});

Deno.test("a master key is never handed over for the key of a host", async () => {
  await using box = await withMaster();
  await box.c3po(["key", "show", ID], { stdout: `${web1.key}\n` });
  await box.c3po(["key", "check", ID], {
    stdout: new RegExp(`\nhost id +${ID}\nfingerprint +${web1.fingerprint}\n`),
  });
  await box.c3po(["key", "check"], {
    stdout: new RegExp(
      `\nstrength +256 .*derived from it\n[^]*\nfingerprint +${alice.fingerprint}\n`,
    ),
  });
});

Deno.test("port --all says of a derived key that the server sets other traps", async () => {
  await using box = await withMaster();
  const all = ["port", "--all", "--traps", "3", ...AT];
  const ports = await (await Schedule.of(parseKey(web1.key))).ports(vectors.minute, 3);
  const stdout = [ports.ssh, ...ports.traps].map((port) => `${port}\n`).join("");
  const stderr = /^c3po: these are the traps of the derived key; the server may use others\n$/;
  await box.c3po([...all, ID], { stdout, stderr });
  const file = await box.put("own.key", web1.key);
  await box.c3po([...all, "--key", file], { stdout });
  const service = ["--key", file, "--service", "postgres"];
  await box.c3po([...all, ...service], { stdout: new RegExp(`^${postgres.port}\n`), stderr });
});

Deno.test("an id and a service that cannot be are refused and quoted", async () => {
  await using box = await withMaster();
  const misuse = async (args: string[], stderr: RegExp): Promise<void> => {
    // ssh hears of a failure of its proxy on stdout.
    const stdout = args[0] === "proxy" ? /^SSH-2\.0-c3po/ : "";
    await box.c3po(args, { code: 2, stdout, stderr });
  };
  await misuse(
    ["port"],
    /^c3po: error: HOST is missing; a master key opens no port itself\nc3po: hint: .*--as/,
  );
  for (const command of [["port", ID], ["proxy", ID], ["check", ID]]) {
    await misuse([...command, "--as", "Web1."], /^c3po: error: "Web1\." is not a valid host id\n/);
  }
  await misuse(["port", ID, "--service", "Post"], /^c3po: error: "Post" is not a valid service/);
  await misuse(["ssh", "--service", "a_b", ID], /^c3po: error: "a_b" is not a valid service/);
  await misuse(["check", "--as", ID], /^c3po: error: --as goes with check HOST\n/);
  const classic = { env: { C3PO_SECRET: "classic:hello" } };
  const failed = /^(?![^]*hello)c3po: error: no key can be derived from a "classic:" secret\n/;
  await box.c3po(["port", "--service", "postgres"], { code: 1, stderr: failed }, classic);
  const stderr =
    /^c3po: error: no key can be derived for "a:b": "a:b" is not a valid host id\n.*--as/;
  await box.c3po(["port", "a:b"], { code: 1, stderr });
});
