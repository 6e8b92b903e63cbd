import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, denoDirectory, run } from "../kernel/lab.ts";
import manifest from "../../deno.json" with { type: "json" };

/** Uses of every function that hold, as many of its overloads as there are. */
const RIGHT = `
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { pooledMap } from "@std/async/pool";
import { parseArgs } from "@std/cli/parse-args";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { join } from "@std/path";
import * as posix from "@std/path/posix";
import { TextLineStream } from "@std/streams/text-line-stream";
import { toText } from "@std/streams/to-text";
import { parse } from "@std/toml";

const unknown: string | null = parse("")["x"] as string | null;
assert(unknown !== null);
export const narrowed: string = unknown;
assertEquals<string | null>(null, unknown, "message");
export const thrown: unknown = assertThrows(() => {}, "message");
export const error: TypeError = assertThrows(() => {}, TypeError, "part", "message");
export const rejected: Promise<RangeError> = assertRejects(async () => {}, RangeError);
const { signal } = new AbortController();
export const in1s: Promise<number> = deadline(Promise.resolve(1), 1000, { signal });
await delay(1, { persistent: false });
for await (const size of pooledMap(2, ["a"], (text) => Promise.resolve(text.length))) {
  export_(size);
}
function export_(_size: number): void {}
const args = parseArgs(Deno.args, {
  boolean: ["quick"],
  string: ["out", "seed", "to", "_"],
  collect: ["to"],
  default: { seed: "1" },
  "--": true,
});
export const all: [boolean, string | undefined, string, string[], string[], string[]] = [
  args.quick, args.out, args.seed, args.to, args._, args["--"],
];
export const one: (string | number)[] = parseArgs([], { string: "out" })._;
export const same: boolean = timingSafeEqual(new ArrayBuffer(1), new Uint8Array(1));
export const bytes: Uint8Array<ArrayBuffer> = decodeBase64Url(encodeBase64Url("x"));
export const path: string = join(new URL("file:///"), "a", posix.join("b", "c"));
export const text: Promise<string> = toText(
  Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()),
);
`;

/** Statements that must be refused: the module, the names it is asked for, and the error's number. */
const WRONG: readonly [from: string, names: string, statement: string, error: number][] = [
  ["assert", "assertEquals", "assertEquals();", 2554],
  ["assert", "assertEquals", 'assertEquals(1, "1");', 2345],
  ["assert", "assertEquals", "assertEquals(1, 1, 1);", 2345],
  ["assert", "assertNotEquals", "assertNotEquals(1);", 2554],
  ["assert", "assertMatch", 'assertMatch("a", "a");', 2345],
  ["assert", "assertNotMatch", "assertNotMatch(null, /a/);", 2345],
  ["assert", "assertStringIncludes", 'assertStringIncludes(["a"], "a");', 2345],
  ["assert", "assertAlmostEquals", 'assertAlmostEquals(1, 1, "0.1");', 2345],
  ["assert", "assert", 'assert(true, "a", "b");', 2554],
  ["assert", "assertThrows", "assertThrows(Promise.resolve());", 2345],
  ["assert", "assertThrows", "export const e: string = assertThrows(() => {}, Error);", 2322],
  ["assert", "assertRejects", "await assertRejects(() => 1);", 2322],
  ["assert", "assertNothing", "assertNothing();", 2305],
  ["async/deadline", "deadline", 'await deadline(Promise.resolve(), "1s");', 2345],
  ["async/deadline", "deadline", "await deadline(() => {}, 1000);", 2345],
  ["async/delay", "delay", "await delay();", 2554],
  ["async/delay", "delay", "await delay(1, { unref: true });", 2353],
  ["async/pool", "pooledMap", "pooledMap(2, 7, async () => {});", 2345],
  ["async/pool", "pooledMap", "pooledMap(2, [7], async (n: string) => n);", 2345],
  ["cli/parse-args", "parseArgs", 'parseArgs("--out x");', 2345],
  ["cli/parse-args", "parseArgs", 'parseArgs([], { strings: ["out"] });', 2561],
  ["cli/parse-args", "parseArgs", 'parseArgs([], { string: ["out"] }).ouf;', 2339],
  ["cli/parse-args", "parseArgs", 'parseArgs([], { string: ["out"] }).out.length;', 2532],
  ["cli/parse-args", "parseArgs", 'parseArgs([], { boolean: ["on"] }).on.length;', 2339],
  ["cli/prompt-secret", "promptSecret", 'promptSecret("?").length;', 2531],
  ["crypto/timing-safe-equal", "timingSafeEqual", 'timingSafeEqual(1, "two");', 2345],
  ["crypto/timing-safe-equal", "timingSafeEqual", 'timingSafeEqual(1, "two", {}, 4);', 2554],
  ["encoding/base64url", "decodeBase64Url", "decodeBase64Url(new Uint8Array(1));", 2345],
  ["encoding/base64url", "encodeBase64Url", "encodeBase64Url(1);", 2345],
  ["encoding/hex", "encodeHex", "encodeHex([1, 2]);", 2345],
  ["fmt/colors", "bold, brightRed, cyan, dim, green, red, yellow", "red(dim(1));", 2345],
  ["path", "join", 'join("a", 1);', 2345],
  ["path", "dirname", "dirname();", 2554],
  ["path", "fromFileUrl", "fromFileUrl(1);", 2345],
  ["path/posix", "basename", "export const n: number = basename('a');", 2322],
  ["path/windows", "basename", "export const n: number = basename('a');", 2322],
  ["streams/text-line-stream", "TextLineStream", "new TextLineStream({ allowCr: true });", 2561],
  ["streams/to-text", "toText", 'await toText("text");', 2345],
  ["text/closest-string", "closestString", 'closestString("a", "b");', 2345],
  ["toml", "parse", 'parse("").a.b;', 2571],
  ["yaml", "parse", 'parse("").a;', 2571],
];

/** The numbers of TypeScript's errors in each of some files, by `deno check` with the house's settings. */
async function errorsOf(files: readonly string[]): Promise<string[][]> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = files.map((_, i) => join(folder, `${i}.ts`));
    await Promise.all(paths.map((path, i) => Deno.writeTextFile(path, files[i]!)));
    const args = ["check", "--quiet", "--config", `${CHECKOUT}deno.json`, ...paths];
    const env = { NO_COLOR: "1", DENO_DIR: denoDirectory() };
    const { stderr } = await run(Deno.execPath(), args, { cwd: folder, env });
    const found = files.map((): string[] => []);
    for (const [, code, index] of stderr.matchAll(/^(TS\d+) \[ERROR\](?:[^]*?)\/(\d+)\.ts:\d/gm)) {
      found[Number(index)]!.push(code!);
    }
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("wrong calls of the standard library are refused, and right ones are not", async () => {
  const wrong = WRONG.map(([from, names, statement]) =>
    `import { ${names} } from "@std/${from}";\n${statement}\n`
  );
  const [right, ...refused] = await errorsOf([RIGHT, ...wrong]);
  assertEquals(right, []);
  const missed = WRONG.map(([from, , statement, error], i) => ({
    from,
    statement,
    error,
    found: refused[i]!,
  })).filter(({ error, found }) => !found.includes(`TS${error}`));
  assertEquals(missed, []);
});

/** What is declared: the names of each module. */
async function declarations(): Promise<Map<string, string[]>> {
  const modules = new Map<string, string[]>();
  const folder = join(CHECKOUT, "types/std");
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(join(folder, name));
    for (const [, module, body] of text.matchAll(/^declare module "(.+)" \{\n([^]*?)^\}/gm)) {
      const own = [...body!.matchAll(/^ {2}export (?:function|class) (\w+)/gm)]
        .map(([, one]) => one!);
      const others = /^ {2}export \{ (.+) \} from/m.exec(body!)?.[1]?.split(", ") ?? [];
      modules.set(module!, [...new Set([...own, ...others])].sort());
    }
  }
  return modules;
}

Deno.test("every module without types of its own is declared, and no other", async () => {
  const untyped = Object.entries(manifest.imports)
    .filter(([, to]) => to.startsWith("npm:deno-std@")).map(([name]) => name);
  const declared = await declarations();
  assertEquals([...declared.keys()].sort(), untyped.sort());
  const wrong = new Set(WRONG.map(([from]) => `@std/${from}`));
  assertEquals(untyped.filter((name) => !wrong.has(name)), [], "modules without a wrong call here");
});

Deno.test("what is declared is there", async () => {
  for (const [module, names] of await declarations()) {
    const exports: Record<string, unknown> = await import(module);
    assert(names.length > 0, module);
    assertEquals(names.filter((name) => typeof exports[name] !== "function"), [], module);
  }
});
