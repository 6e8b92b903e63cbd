import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../src/commands/table.ts";
import type { Command } from "../../src/cli/command.ts";
import { runCommand } from "../../src/cli/dispatch.ts";
import { systemHost } from "../../src/os/host.ts";
import { c3poCommand, CHECKOUT, denoDirectory } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

Deno.test("the overview names every command, and each has a help of its own", async () => {
  await using box = await Sandbox.create();
  const overview = await box.c3po(["--help"], { stdout: /^c3po moves the SSH port/ });
  assertEquals(await box.c3po(["-h"], { stdout: overview }), overview);
  for (const { name, summary, options } of COMMANDS) {
    assert(overview.includes(`  ${name}`), name);
    const help = await box.c3po([name, "--help"], { stdout: /\nusage: c3po / });
    assert(help.replaceAll("\n", " ").startsWith(`c3po ${name}: ${summary} `), help);
    for (const option of options) assert(help.includes(`  --${option.name}`), option.name);
    assertEquals(await box.c3po(["help", name], { stdout: help }), help);
  }
});

Deno.test("no line of any help is wider than a terminal", async () => {
  await using box = await Sandbox.create();
  for (const topic of [[], ...COMMANDS.map(({ name }) => [name])]) {
    const help = await box.c3po(["help", ...topic], { stdout: /./ });
    assertEquals(help.split("\n").filter((line) => line.length > 80), []);
  }
});

Deno.test("--version prints name and version", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["--version"], { stdout: `c3po ${manifest.version}\n` });
  for (const word of ["version", "-V", "-v"]) {
    await box.c3po([word], { stdout: `c3po ${manifest.version}\n` });
  }
});

Deno.test("misuse is told with the value and the way out, and ends with exit code 2", async () => {
  await using box = await Sandbox.create();
  const misuse = (args: string[], stderr: string): Promise<string> =>
    box.c3po(args, { code: 2, stderr });
  await box.c3po([], {
    code: 2,
    stderr: /^c3po moves the SSH port[^]*\n {2}ssh [^]*\nc3po: error: no command given\n$/,
  });
  await misuse(
    ["prot"],
    'c3po: error: unknown command "prot"\nc3po: hint: did you mean "c3po port"?\n',
  );
  await misuse(
    ["frobnicate"],
    'c3po: error: unknown command "frobnicate"\nc3po: hint: c3po --help lists the commands\n',
  );
  await misuse(
    ["help", "nothing"],
    'c3po: error: unknown command "nothing"\nc3po: hint: c3po --help lists the commands\n',
  );
  await misuse(
    ["port", "--jsn"],
    'c3po: error: unknown option "--jsn"\nc3po: hint: did you mean --json?\n',
  );
  await misuse(["port", "--json=yes"], "c3po: error: --json takes no value\n");
  await misuse(["port", "--at"], "c3po: error: --at needs a value, TIME\n");
  await misuse(["port", "--at", "1", "--at", "2"], "c3po: error: --at given 2 times\n");
  await misuse(["port", "a", "b"], 'c3po: error: unexpected argument "b"\n');
  assertEquals(await box.files(), []);
});

Deno.test("an argument that is not UTF-8 is refused, for it would reach ssh as another", async () => {
  await using box = await Sandbox.create();
  const [command, ...first] = c3poCommand();
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", `"$@" ssh web "$(printf 'rm caf\\351')"`, "sh", command, ...first],
    env: { HOME: box.home, DENO_DIR: denoDirectory() },
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (Deno.env.has("C3PO_BIN")) {
    // Deno's runtime of compiled programs refuses it before any of our code runs.
    assertMatch(said, /called `Result::unwrap\(\)` on an `Err` value: "rm caf\\xE9"/);
    assertEquals(code, 101);
  } else {
    assertMatch(said, /^c3po: error: the argument "rm caf.*" is not UTF-8\n/);
    assertEquals(code, 2);
  }
});

Deno.test("what nobody foresaw is one line that asks for a report, with the version", async () => {
  const told: string[] = [];
  const terminal = { ...systemHost.terminal, note: (line: string) => void told.push(line) };
  const broken: Command = {
    name: "broken",
    summary: "fails",
    usage: ["broken"],
    options: [],
    run: () => Promise.reject(new TypeError("Cannot read\nproperties")),
  };
  const host = { ...systemHost, terminal, env: () => undefined };
  assertEquals(await runCommand(["broken"], [broken], host), 1);
  assertEquals(told, [
    "c3po: error: unexpected, please report it: TypeError: Cannot readproperties",
    `c3po: hint: say what you did, that this is c3po ${manifest.version} on ${Deno.build.os}, ` +
    "and what C3PO_DEBUG=1 adds",
  ]);
});

Deno.test("an error that nobody waits for ends c3po in the same line", async () => {
  await using box = await Sandbox.create();
  const script = [
    `import { run } from "${CHECKOUT}src/commands/login_table.ts";`,
    "const done = run(['port', '--watch']);",
    "setTimeout(() => Promise.reject(new RangeError('stray')), 100);",
    "await done;",
  ];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--config=${CHECKOUT}deno.json`, await box.put("s.ts", script.join("\n"))],
    env: { HOME: box.home, C3PO_SECRET: "classic:x", DENO_DIR: denoDirectory() },
    stdout: "null",
  }).output();
  assertEquals(code, 1);
  const said = new TextDecoder().decode(stderr);
  assertMatch(
    said,
    /^c3po: error: unexpected, please report it: RangeError: stray\nc3po: hint: .*\n$/,
  );
});

/** What could move the cursor, turn the text around, hide in it or break its line. */
const HOSTILE = "x\x1b[2J\x9b2J\u202egnp\u2066\u200b\u2028\u{e0041}\x7f.example";
const UNSEEMLY = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

Deno.test("no command prints what a name from outside hides", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:a secret");
  await box.put("odd/c3po-master", `c3po-master-1-${"A".repeat(43)}`);
  await box.put(".ssh/config", `Host *\n  HostName 192.0.2.1\n  ConnectTimeout 1\n`);
  const master = box.path("odd", "c3po-master");
  const lines: string[][] = [
    [HOSTILE],
    ["port", `--${HOSTILE}`],
    ["port", HOSTILE],
    ["port", HOSTILE, "--json"],
    ["port", "web", "--as", HOSTILE, "--key", master],
    ["port", "--key", HOSTILE],
    ["check", HOSTILE],
    ["check", HOSTILE, "--json"],
    ["proxy", HOSTILE],
    ["proxy", "web", "--as", HOSTILE],
    ["ssh", "--dry-run", HOSTILE],
    ["ssh", "--dry-run", "web", HOSTILE],
    ["forward", HOSTILE, "web"],
    ["key", "add", HOSTILE],
    ["key", "check", HOSTILE],
    ["key", "show", HOSTILE, "--json"],
    ["key", "list"],
    ["key", "list", "--json"],
    ["key", "derive", "--host", HOSTILE, "--key", master],
    ["key", "new", HOSTILE],
    ["user", "add", HOSTILE],
    ["ban", "add", HOSTILE],
    ["allow", "add", HOSTILE],
    ["serve", "--metrics", HOSTILE, "--dry-run"],
    ["wg", HOSTILE],
    ["completions", HOSTILE],
  ];
  await box.put(`.config/c3po/${HOSTILE}.key`, "nonsense");
  const [command, ...first] = c3poCommand();
  const heard: string[] = [];
  for (const words of lines) {
    const { stdout, stderr } = await new Deno.Command(command!, {
      args: [...first, ...words],
      cwd: box.home,
      stdin: "null",
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH")!, HOME: box.home, DENO_DIR: denoDirectory() },
    }).output();
    // What proxy says on stdout is for ssh.
    const said = (words[0] === "proxy" ? [stderr] : [stdout, stderr]).map((bytes) =>
      new TextDecoder().decode(bytes)
    ).join("");
    assert(said !== "", words.join(" "));
    if (UNSEEMLY.test(said)) heard.push(JSON.stringify([words.join(" "), said]));
  }
  assertEquals(heard, []);
});
