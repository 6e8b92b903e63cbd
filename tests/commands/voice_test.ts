import { assert, assertEquals } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../src/cli.ts";
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
  await box.c3po(["-V"], { stdout: `c3po ${manifest.version}\n` });
});

Deno.test("misuse is told with the value and the way out, and ends with exit code 2", async () => {
  await using box = await Sandbox.create();
  const misuse = (args: string[], stderr: string): Promise<string> =>
    box.c3po(args, { code: 2, stderr });
  await misuse([], "c3po: error: no command given\nc3po: hint: c3po --help lists them\n");
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
  await misuse(["port", "--at", "1", "--at", "2"], "c3po: error: --at is given 2 times\n");
  await misuse(["port", "a", "b"], 'c3po: error: unexpected argument "b"\n');
  assertEquals(await box.files(), []);
});
