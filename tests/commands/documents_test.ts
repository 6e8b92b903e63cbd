import { assert, assertEquals } from "@std/assert";
import { COMMANDS, run } from "../../src/commands/table.ts";
import { manPages } from "../../build/man_pages.ts";
import { manPage } from "../../src/cli/manpage.ts";
import { VERSION } from "../../src/os/version.ts";
import { type Host, systemHost } from "../../src/os/host.ts";
import { CHECKOUT, run as runProgram } from "../kernel/lab.ts";

const NAMES = COMMANDS.map(({ name }) => name).sort();
const MAN = manPage(COMMANDS, VERSION);
const DOCUMENTS = new Map<string, string>();
for (const folder of ["", "docs/"]) {
  for await (const { name } of Deno.readDir(`${CHECKOUT}${folder}`)) {
    if (!name.endsWith(".md")) continue;
    DOCUMENTS.set(folder + name, await Deno.readTextFile(`${CHECKOUT}${folder}${name}`));
  }
}

/** What `c3po …` answers. */
async function answer(...argv: string[]): Promise<string> {
  let text = "";
  const terminal = { ...systemHost.terminal, out: (part: string) => void (text += part) };
  const host: Host = { ...systemHost, terminal };
  assertEquals(await run(argv, host), 0);
  return text;
}

/** Options at the beginnings of lines, as `--help` and the manual print them. */
function optionsIn(text: string): string[] {
  return [...text.matchAll(/^ *(?:\.B )?--([a-z-]+)/gm)].map(([, name]) => name!).sort();
}

/** The part of the manual about one command, without troff's escapes. */
function manPart(name: string): string {
  const [, part] = MAN.split(`.SS c3po ${name}\n`);
  if (part === undefined) throw new Error(`the manual has no "c3po ${name}"`);
  return part.split(/^\.S[SH] /m)[0]!.replaceAll("\\-", "-");
}

Deno.test("--help and the manual page list the same commands, with the same summaries", async () => {
  const help = [...(await answer("--help")).matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) =>
    name
  );
  const manual = [...MAN.matchAll(/^\.SS c3po ([a-z]+)$/gm)].map(([, name]) => name);
  assertEquals(help.toSorted(), NAMES);
  assertEquals(manual.toSorted(), NAMES);
});

Deno.test("--help and the manual page give each command the same options and forms", async () => {
  for (const { name, usage } of COMMANDS) {
    const help = await answer(name, "--help");
    assertEquals(optionsIn(manPart(name)), optionsIn(help), name);
    for (const form of usage) assert(help.includes(`c3po ${form}\n`), form);
  }
});

for (const { name, text } of manPages()) {
  Deno.test(`troff has nothing to say against the manual page ${name}`, async () => {
    const args = ["-man", "-Tutf8", "-ww", "-z"];
    const clean = { code: 0, stdout: "", stderr: "" };
    assertEquals(await runProgram("groff", args, { stdin: text }), clean);
  });
}

Deno.test({
  name: "README names every command",
  ignore: !DOCUMENTS.has("README.md"),
  fn() {
    const named = new Set(commandsIn(DOCUMENTS.get("README.md")!));
    assertEquals(NAMES.filter((name) => !named.has(name)), []);
  },
});

for (const [name, text] of DOCUMENTS) {
  Deno.test(`${name} names no command and no option that there is not`, () => {
    assertEquals(
      commandsIn(text).filter((word) =>
        !["help", "version"].includes(word) && !NAMES.includes(word)
      ),
      [],
    );
    const known = new Set(COMMANDS.flatMap(({ options }) => options.map((option) => option.name)));
    // An option by itself is ours in README; elsewhere it may be another tool's.
    const calls = name === "README.md" ? /\bc3po [^\n`#|]*|^--[a-z-]+.*$/gm : /\bc3po [^\n`#|]*/g;
    const named = [...codeOf(text).matchAll(calls)]
      .flatMap(([line]) => [...line.matchAll(/(?<= |^)--([a-z][a-z-]*)/g)].map(([, at]) => at!));
    const foreign = named.filter((option) => !known.has(option));
    assertEquals(foreign.filter((option) => !["help", "version"].includes(option)), []);
  });
}

for (const [name, text] of DOCUMENTS) {
  Deno.test(`the links in ${name} lead somewhere`, async () => {
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https:\/\//.test(link!)) continue;
      const { pathname, hash } = new URL(link!, `file:///${name}`);
      const target = await Deno.readTextFile(`${CHECKOUT}${pathname.slice(1)}`);
      if (hash !== "") assert(headingsOf(target).includes(hash.slice(1)), link);
    }
  });
}

/** The headings of a document, as links to them have it. */
function headingsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"));
}

function commandsIn(markdown: string): string[] {
  return [...codeOf(markdown).matchAll(/\bc3po ([a-z]+)\b/g)].map(([, word]) => word!);
}

/** What stands in code: blocks, and spans on lines of their own. */
function codeOf(markdown: string): string {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, code]) => code!);
  const prose = markdown.replace(/^```.*?^```/gms, "");
  return [...blocks, ...[...prose.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)].join("\n");
}
