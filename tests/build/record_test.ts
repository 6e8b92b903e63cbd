import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { record } from "../../build/record/record.ts";
import { film } from "../../build/record/svg.ts";
import { readRecording } from "../../build/record/transcript.ts";
import { shellCommand } from "../../src/os/shell.ts";
import { c3poCommand, CHECKOUT, must, run } from "../kernel/lab.ts";

const RANDOM_KEY = /c3po-1-[\w-]{43}/g;

/** What an XML parser finds in the elements of that name; it fails where the text is no XML. */
async function textsOf(svg: string, name: string): Promise<string[]> {
  const each = `//*[local-name()="${name}"]`;
  const xpath = (path: string): Promise<string> =>
    must("xmllint", ["--nonet", "--xpath", path, "-"], { stdin: svg });
  const count = Number(await xpath(`count(${each})`));
  const texts = Array.from({ length: count }, (_, i) => xpath(`string((${each})[${i + 1}])`));
  return (await Promise.all(texts)).map((text) => text.replace(/\n$/, ""));
}

Deno.test("a session in a real terminal becomes a picture that says what the terminal said", async () => {
  const words = [
    "test -t 0 && test -t 1 && stty size",
    "printf '\\033[1;32mgood\\033[0m & <well>\\n'",
    "printf 'left: 2'; sleep 0.2; printf '\\r\\033[Kleft: 1'; sleep 0.2; printf '\\r\\033[Kdone\\n'",
    "printf 'a bell\\007 and umlauts: äöü\\n'",
  ];
  const shown = await record(words.join("; "));
  assertEquals(shown.filter(({ until }) => until !== null).map(({ row }) => row), [2, 2]);
  const svg = film(shown, "one & two");
  assertEquals(await textsOf(svg, "title"), ["one & two"]);
  assertEquals(await textsOf(svg, "text"), [
    "30 100",
    "good & <well>",
    "left: 2",
    "left: 1",
    "done",
    "a bell and umlauts: äöü",
  ]);
  assertMatch(svg, /<tspan class="b g">good<\/tspan> &amp; &lt;well&gt;</);
});

Deno.test("what happened later is shown later, and what was replaced is hidden then", () => {
  const raw = new TextEncoder().encode("one\r\ntwo\rTWO\r\nthree\r\n");
  const timing = "0.5 5\n1.0 3\n0.1 6\n99 7\n";
  const shown = readRecording(raw, timing);
  assertEquals(shown.map(({ text, row }) => [text, row]), [
    ["one", 0],
    ["two", 1],
    ["TWO", 1],
    ["three", 2],
  ]);
  const [one, two, replaced, three] = shown;
  assertEquals([one!.until, replaced!.until, three!.until], [null, null, null]);
  assert(one!.from < two!.from && two!.from < replaced!.from && replaced!.from < three!.from);
  assertEquals(two!.until, replaced!.from);
  assert(three!.from < 5, "a silence of 99 s is cut");
  assertEquals(film(readRecording(raw, timing), "again"), film(shown, "again"));
});

Deno.test("a picture of c3po at work has no key in it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-film-" });
  try {
    const key = join(folder, "key");
    const calls = [["key", "new", key], ["port", "--key", key], ["key", "check", "--key", key]];
    const words = calls.map((call) => shellCommand([...c3poCommand(), ...call])).join(" && ");
    const svg = film(await record(words), "a key");
    const [secret] = (await Deno.readTextFile(key)).match(RANDOM_KEY)!;
    assert(svg.includes("new random key") && !svg.includes(secret!));
    assertEquals(svg.match(RANDOM_KEY), null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the drawings of the documents are XML, and have no key in them", async () => {
  const folder = join(CHECKOUT, "docs/pictures");
  const files = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => join(folder, name)))
    .filter((file) => file.endsWith(".svg"));
  assertEquals(await run("xmllint", ["--noout", "--nonet", ...files]), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  for (const file of files) assertEquals((await Deno.readTextFile(file)).match(RANDOM_KEY), null);
});
