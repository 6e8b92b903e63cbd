import { assertEquals } from "@std/assert";
import vectors from "../vectors.json" with { type: "json" };
import { c3poCommand } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const AT = ["--at", "2026-11-22T08:00:00Z"]; // minute 29922240

Deno.test("port prints every vector, from the key in a file", async () => {
  await using box = await Sandbox.create();
  for (const { scheme, secret, minute, low, high, traps, ports } of vectors) {
    if (traps > 100) continue; // tests/core has them all
    const line = scheme === "classic" ? `classic:${secret}` : secret;
    const file = await box.put("vector.key", `# a comment\n\n${line}\n`);
    const options = ["--key", file, "--at", String(minute * 60 + 59), "--ports", `${low}-${high}`];
    await box.c3po(["port", ...options], { stdout: `${ports[0]}\n` });
    const all = ports.map((port) => `${port}\n`).join("");
    await box.c3po(["port", ...options, "--all", "--traps", String(traps)], { stdout: all });
  }
});

Deno.test("port --json tells all about the minute on one line", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/web.key", RANDOM);
  const traps = [53150, 45495, 61349];
  const answer = {
    host: "web",
    scheme: "c3po-1",
    minute: 29922240,
    port: 49746,
    traps,
    validFrom: "2026-11-22T08:00:00Z",
    validUntil: "2026-11-22T08:01:00Z",
  };
  const args = ["port", "web", ...AT, "--traps", "3", "--json"];
  await box.c3po(args, { stdout: `${JSON.stringify(answer)}\n` });
});

Deno.test("keys are looked for in the order of the manual", async () => {
  await using box = await Sandbox.create();
  const port = async (args: string[], env: Record<string, string> = {}): Promise<number> =>
    Number(await box.c3po(["port", ...AT, ...args], { stdout: /^\d+\n$/ }, { env }));
  const file = await box.put("own.key", "classic:own");
  await box.put(".config/c3po/web.key", "classic:web");
  await box.put(".config/c3po/default.key", "classic:default");
  const variable = await box.put("variable.key", "classic:variable");
  const env = { C3PO_KEY_FILE: variable, C3PO_SECRET: "classic:secret" };
  const found = [
    await port(["web", "--key", file], env),
    await port(["web"], env),
    await port(["web"], { C3PO_SECRET: "classic:secret" }),
    await port(["web"]),
    await port(["other"]),
    await port([]),
  ];
  const secrets = ["own", "variable", "secret", "web", "default", "default"];
  const expected = [];
  for (const secret of secrets) expected.push(await port([], { C3PO_SECRET: `classic:${secret}` }));
  assertEquals(found, expected);
  assertEquals(new Set(found).size, 5);
});

Deno.test("a host without a key of its own is looked up under the name ssh gives it", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/resolved.example.key", "classic:resolved");
  await box.put(".config/c3po/default.key", "not this one's turn", 0o644);
  // ssh lower-cases names; that alone makes it another name.
  const resolved = await box.c3po(["port", "RESOLVED.example", ...AT], { stdout: /^\d+\n$/ });
  const file = box.path(".config/c3po/resolved.example.key");
  await box.c3po(["port", "--key", file, ...AT], { stdout: resolved });
});

Deno.test("ssh is asked for another name only where another key may have it", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:default");
  await box.put(
    "bin/ssh",
    `#!/bin/sh\n: >"$HOME/asked"\necho "hostname b"\necho "port 22"\n`,
    0o755,
  );
  const env = { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}` };
  const port = async (): Promise<string> =>
    await box.c3po(["port", "a", ...AT], { stdout: /^\d+\n$/ }, { env });
  const asked = async (): Promise<boolean> => (await box.files()).includes("asked");
  const byDefault = await port();
  assertEquals(await asked(), false);
  await box.put(".config/c3po/c.key", "classic:c");
  assertEquals([await port(), await asked()], [byDefault, true]);
  await box.put(".config/c3po/b.key", "classic:b");
  assertEquals(await port() === byDefault, false);
});

Deno.test("--watch prints one line a minute, and JSON one document a line", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("own.key", "classic:own");
  const [command, ...first] = c3poCommand();
  const child = new Deno.Command(command, {
    args: [...first, "port", "--key", file, "--watch", "--json"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const line = new TextDecoder().decode((await reader.read()).value);
  assertEquals(line.split("\n").length, 2);
  assertEquals(JSON.parse(line).scheme, "classic");
  child.kill();
  await reader.cancel();
  assertEquals((await child.status).signal, "SIGTERM");
});

Deno.test("what is wrong with a key is told without a word of it", async () => {
  await using box = await Sandbox.create();
  const fails = async (file: string, message: RegExp): Promise<void> => {
    await box.c3po(["port", "--key", file], { code: 1, stderr: message });
  };
  const loose = await box.put("loose.key", "classic:loose", 0o644);
  await fails(
    loose,
    /^c3po: error: others may read the key file ".*": its mode is 0644\nc3po: hint: chmod 600 /,
  );
  await fails(
    box.path("missing.key"),
    /^c3po: error: no key file ".*"\nc3po: hint: create one: /,
  );
  await box.c3po(["port", "web"], {
    code: 1,
    stderr: new RegExp(
      `^c3po: error: no key found for "web"\nc3po: hint: get it while port 22 still answers, .*` +
        `\\(looked in ${box.home}/.config/c3po/web.key, ${box.home}/.config/c3po/default.key`,
    ),
  });
  await fails(box.home, /^c3po: error: ".*" is not a file\n$/);
  const damaged: [string, string][] = [
    ["", "no secret"],
    ["S3cret", "S3cret"],
    [RANDOM.slice(0, -1), RANDOM.slice(8, 20)],
    [`${RANDOM}\n${RANDOM}`, RANDOM.slice(8, 20)],
    ["classic:", "no secret"],
    [`${RANDOM}?ports=1-9`, RANDOM.slice(8, 20)],
  ];
  for (const [text, secret] of damaged) {
    const file = await box.put("bad.key", text);
    const told = `^(?![^]*${secret})c3po: error: key file ".*": .*\n(c3po: hint: .*\n)?$`;
    await box.c3po(["port", "--key", file], { code: 1, stderr: new RegExp(told) });
  }
});

Deno.test("bad values are refused with the value quoted", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("own.key", "classic:own");
  const refused = (option: string, value: string): Promise<string> =>
    box.c3po(["port", "--key", file, option, value], {
      code: 2,
      stderr: new RegExp(`^c3po: error: .*"?${value}"?.*\nc3po: hint: .*\n$`),
    });
  await refused("--at", "noon");
  await refused("--at", "2026-11-22T12:00:00");
  await refused("--ports", "1-500");
  await refused("--ports", "70000-80000");
  await refused("--traps", "99999");
  await box.c3po(["port", "--key", file, "--traps", "x"], {
    code: 2,
    stderr: 'c3po: error: "x" is not a whole number\n',
  });
});
