import { assert, assertEquals } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseAddress } from "../../src/os/address.ts";
import { doorPlace } from "../../src/schedule/door_address.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { Sandbox } from "./sandbox.ts";

const [{ key, prefix, address, port }] = vectors.door as [(typeof vectors.door)[number]];
const ADDRESS = parseAddress(address).text;
const AT = ["--at", String(vectors.minute * 60)];
const NAME = "web1.example.org";

async function prepared(hosts: string): Promise<Sandbox> {
  const box = await Sandbox.create();
  await box.put(".config/c3po/default.key", key);
  await box.put(".config/c3po/hosts.toml", hosts, 0o644);
  return box;
}

async function told(box: Sandbox, args: readonly string[]): Promise<unknown> {
  const json = JSON.parse(await box.c3po(["port", ...args, "--json", ...AT], { stdout: /^\{/ }));
  assertEquals(json.port, port);
  return json.address;
}

Deno.test("port --json tells the address of the published vector where a host has a door", async () => {
  await using box = await prepared(
    `Web = { door = "${prefix}" } # by name\n"192.0.2.7" = { id = "${NAME}", door = "${prefix}" }\n` +
      `old = "old.example.org"\n`,
  );
  for (const name of ["web", "WEB", "192.0.2.7"]) assertEquals(await told(box, [name]), ADDRESS);
  assertEquals(await told(box, ["--door", prefix]), ADDRESS);
  for (const args of [[], ["old"], ["other.example"], ["web", "--door", "off"]]) {
    assertEquals(await told(box, args), undefined);
  }
  await box.c3po(["port", "web", ...AT], { stdout: `${port}\n` });
});

Deno.test("a host with an id and a door has its key derived as before", async () => {
  await using box = await prepared(`web = { id = "${NAME}", door = "${prefix}" }\n`);
  await box.put(
    ".config/c3po/default.key",
    vectors.derive[0]!.key.replace("c3po-1-", "c3po-1-master-"),
  );
  assertEquals(await told(box, ["web"]), ADDRESS);
});

Deno.test("ssh is led to the address of the minute, under the name of the host", async () => {
  await using box = await prepared(`${JSON.stringify(NAME)} = { door = "${prefix}" }\n`);
  const config = await box.put("ssh_config", `Host web\n  HostName ${NAME}\n`);
  const schedule = await Schedule.of(parseKey(key));
  const dry = async (...args: string[]): Promise<string> =>
    // OpenSSH before 8.5 checks addresses unless it is told not to.
    (await box.c3po(["ssh", "--dry-run", ...args], { stdout: /^ssh / }))
      .replace(" -o CheckHostIP=no", "");
  const before = minuteAt(Date.now());
  const out = await dry("-F", config, "me@web", "true");
  const expected = [before, minuteAt(Date.now())].map(async (minute) => {
    const place = (await doorPlace(schedule, prefix, minute))!;
    return `ssh -p ${place.port} -o HostName=${place.address} -o HostKeyAlias=${NAME} ` +
      `-F ${config} me@web true\n`;
  });
  assert((await Promise.all(expected)).includes(out), out);
  const plain = /^ssh -p \d+ -o HostKeyAlias=/;
  await box.c3po(["ssh", "--dry-run", "-4", NAME], { stdout: plain });
  await box.c3po(["ssh", "--door", "off", "--dry-run", NAME], { stdout: plain });
  await box.c3po(["ssh", "--dry-run", "other.example"], { stdout: plain });
});

Deno.test("what cannot be a door is refused, on the command line and in hosts.toml", async () => {
  await using box = await prepared("");
  const bad = ["port", "web", "--json", "--door", "2001:db8::/48"];
  await box.c3po(bad, {
    code: 2,
    stderr: /^c3po: error: the door "2001:db8::\/48" is not a \/64\n/,
  });
  const refused = async (text: string, stderr: RegExp): Promise<void> => {
    await box.put(".config/c3po/hosts.toml", text);
    await box.c3po(["port", "web", "--json", ...AT], { code: 1, stderr });
  };
  await refused('web = { door = "fe80::/64" }\n', /hosts\.toml": "fe80::\/64" cannot be a door/);
  await refused("web = { door = 5 }\n", /hosts\.toml": the door of "web" must be a string\n/);
  await refused("web = [ 5 ]\n", /hosts\.toml": the id of "web" must be a string\n/);
  await refused(
    `web = { dor = "${prefix}" }\n`,
    /hosts\.toml": unknown setting "dor" of "web"\nc3po: hint: did you mean door\?/,
  );
  await refused(`[web]\ndoor = "${prefix}"\n`, /hosts\.toml": "web" is a table/);
  await refused(
    `web = { door = "${prefix}" }\nWEB = "a"\n`,
    /hosts\.toml": "WEB" appears twice\n/,
  );
});

Deno.test("a classic secret has no address, and says so", async () => {
  await using box = await prepared(`web = { door = "${prefix}" }\n`);
  await box.put(".config/c3po/default.key", "classic:secret");
  const stderr =
    /^c3po: error: a classic secret has ports and no address in the door "2001:db8:0:aa::\/64"\n/;
  await box.c3po(["port", "web", "--json"], { code: 1, stderr });
  await box.c3po(["port", "web", "--json", "--door", "off"], { stdout: /^\{/ });
});
