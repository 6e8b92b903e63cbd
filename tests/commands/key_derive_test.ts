import { assertEquals } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { Sandbox } from "./sandbox.ts";

const MASTER = vectors.fleet_master;
const HOST_KEY = vectors.derive[1]!.key; // alice on web1.example.org
const ALICE = ["--user", "alice"];
const WEB1 = ["--host", "web1.example.org"];

Deno.test("key derive prints every published vector, and nothing else", async () => {
  await using box = await Sandbox.create();
  for (const { path, of, key } of vectors.derive) {
    const options = path.flatMap((step) => {
      const at = step.indexOf(":");
      return [`--${step.slice(0, at)}`, step.slice(at + 1)];
    });
    const stderr = path.at(-1)!.startsWith("user:") ? /^c3po: hint: .*--master\n$/ : "";
    await box.c3po(["key", "derive", ...options], { stdout: `${key}\n`, stderr }, {
      stdin: `${of ?? MASTER}\n`,
    });
  }
});

Deno.test("key derive goes step by step as it goes at once", async () => {
  await using box = await Sandbox.create();
  const derive = async (options: string[], stdin: string): Promise<string> =>
    await box.c3po(["key", "derive", ...options], { stdout: /^c3po-1-.*\n$/ }, { stdin });
  const alice = await derive([...ALICE, "--master"], MASTER);
  assertEquals(alice, `c3po-1-master-${vectors.derive[0]!.key.slice("c3po-1-".length)}\n`);
  const web1 = await derive(WEB1, alice);
  assertEquals(web1, `${HOST_KEY}\n`);
  assertEquals(await derive(["--service", "postgres"], web1), `${vectors.derive[3]!.key}\n`);
});

Deno.test("key derive finds its key where every command does, when nothing is piped in", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", `${MASTER}\n`);
  const file = await box.put("range.key", `${MASTER}?ports=2000-9000\n`);
  const derive = ["key", "derive", ...ALICE, ...WEB1];
  await box.c3po(derive, { stdout: `${HOST_KEY}\n` });
  await box.c3po([...derive, "--key", file], { stdout: `${HOST_KEY}?ports=2000-9000\n` });
  const banner = `Welcome to the vault\n${MASTER}?ports=2000-9000\nConnection closed.\n`;
  await box.c3po(derive, { stdout: `${HOST_KEY}?ports=2000-9000\n` }, { stdin: banner });
  await box.c3po([...derive, "--json"], {
    stdout: `${
      JSON.stringify({
        user: "alice",
        host: "web1.example.org",
        key: HOST_KEY,
        fingerprint: vectors.derive[1]!.fingerprint,
      })
    }\n`,
  });
});

Deno.test("key derive refuses other spellings of a name, quotes them and writes nothing", async () => {
  await using box = await Sandbox.create();
  const long = "a".repeat(300);
  for (const name of ["Web1", "web1.", "a/b", "", long]) {
    for (const option of ["--user", "--host", "--service"]) {
      if (name === "web1." && option === "--user") continue; // a name of a user may end so
      const path = option === "--service" ? [...WEB1, option, name] : [option, name];
      await box.c3po(["key", "derive", ...path], {
        code: 2,
        stderr: new RegExp(`^c3po: error: .*"${name}"`),
      }, { stdin: MASTER });
    }
  }
  const misuse = async (options: string[], stderr: RegExp): Promise<void> => {
    await box.c3po(["key", "derive", ...options], { code: 2, stderr }, { stdin: MASTER });
  };
  await misuse([], /^c3po: error: nothing to derive: /);
  await misuse(
    ["--service", "postgres"],
    /^c3po: error: the key of service "postgres" comes from /,
  );
  await misuse([...ALICE, "--service", "postgres"], /"postgres" comes from the key of a host/);
  await misuse([...WEB1, "--service", "ssh"], /^c3po: error: "ssh" is not a valid service/);
  await misuse(
    [...ALICE, ...WEB1, "--master"],
    /^c3po: error: --master needs --user and nothing else/,
  );
  await misuse(["web1"], /^c3po: error: unexpected argument "web1"/);
  assertEquals(await box.files(), []);
});

Deno.test("key derive refuses what derives nothing, without a word of it", async () => {
  await using box = await Sandbox.create();
  const refused = async (stdin: string, stderr: RegExp): Promise<void> => {
    await box.c3po(["key", "derive", ...WEB1], { code: 1, stderr }, { stdin });
  };
  await refused(
    "classic:hello\n",
    /^(?![^]*hello)c3po: error: no key can be derived from a "classic:"/,
  );
  await refused(
    "correct horse battery\n",
    /^(?![^]*horse)c3po: error: the key on stdin: it contains no key/,
  );
  await refused(
    `${MASTER}\n${HOST_KEY}\n`,
    /^(?![^]*AAEC)c3po: error: the key on stdin: it contains 2 keys\n/,
  );
  await refused(MASTER.slice(0, -1), /^(?![^]*AAEC)c3po: error: the key on stdin: .*damaged/);
  await refused(
    MASTER.replace("master", "member"),
    /^(?![^]*AAEC)c3po: error: the key on stdin: .*it only signs/,
  );
});

Deno.test("a server refuses a master key and names the command that derives its own", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", `${MASTER}\n`);
  for (const command of [["serve", "--dry-run"], ["serve"]]) {
    await box.c3po([...command, "--key", file], {
      code: 1,
      stderr: /^(?![^]*AAEC)[^]*c3po: error: .*master key.*\n.*hint: .*c3po key derive/,
    });
  }
});
