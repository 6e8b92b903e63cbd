import { assert, assertEquals } from "@std/assert";
import { LOGIN_COMMANDS } from "../../src/cli/command.ts";
import { CHECKOUT, denoDirectory } from "../kernel/lab.ts";
import { ModuleGraph, nameOf } from "./module_graph.ts";
import { Sandbox } from "./sandbox.ts";
import manifest from "../../deno.json" with { type: "json" };

const graph = await ModuleGraph.of("main.ts");

/** Between a user and a login: what `main.ts` loads for one of {@linkcode LOGIN_COMMANDS}. */
const LOGIN = graph.closure(["main.ts", "src/commands/login_table.ts"]);

/** What every other command loads, whichever it is. */
const ALL = graph.closure(["main.ts", "src/commands/table.ts"]);

/** What a command asks for only when it becomes, shows or examines a server. */
const SERVER = graph.closure(
  [...ALL].flatMap((module) => graph.importsOf(module, "later"))
    .filter((module) => module.startsWith("src/server/")),
  { later: true },
).difference(ALL);

/** The packages that are the standard library. */
const STANDARD = new Set(
  Object.entries(manifest.imports).filter(([name]) => name.startsWith("@std/"))
    .map(([, specifier]) => nameOf(specifier)),
);

interface Ended {
  readonly code: number;
  readonly stderr: string;
}

/** Runs c3po from its source, with another flag for Deno. */
async function runWith(flag: string, box: Sandbox, args: string[]): Promise<Ended> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", flag, `${CHECKOUT}main.ts`, ...args],
    cwd: CHECKOUT,
    env: { HOME: box.home, DENO_DIR: denoDirectory(), C3PO_SECRET: "classic:loading" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** The URLs of the modules that one run of c3po loads, as V8 saw them. */
async function urlsLoadedBy(box: Sandbox, args: string[]): Promise<string[]> {
  const folder = box.path("coverage");
  const { code, stderr } = await runWith(`--coverage=${folder}`, box, args);
  assertEquals(code, 0, stderr);
  const urls: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    urls.push(JSON.parse(await Deno.readTextFile(`${folder}/${name}`)).url);
  }
  await Deno.remove(folder, { recursive: true });
  return urls.filter((url) => /^(file|node):/.test(url)).sort();
}

/** The modules and packages that one run of c3po loads, by their names in the graph. */
async function loadedBy(box: Sandbox, args: string[]): Promise<Set<string>> {
  const loaded = new Set((await urlsLoadedBy(box, args)).map(nameOf));
  assert(loaded.has("src/cli/dispatch.ts"), "the run was not observed");
  return loaded;
}

Deno.test("a login is made of the modules of a client and the standard library alone", () => {
  const own = ["main.ts", "deno.json", "src/commands/login_table.ts"]
    .concat(LOGIN_COMMANDS.map((name) => `src/commands/${name}.ts`));
  for (const name of LOGIN_COMMANDS) assert(LOGIN.has(`src/commands/${name}.ts`), name);
  const others = [...graph.closure(LOGIN.difference(new Set(["main.ts"])), { later: true })]
    .filter((module) => !own.includes(module) && !STANDARD.has(module))
    .filter((module) => !/^src\/(cli|client|users|schedule|os)\//.test(module));
  assertEquals(others, []);
});

Deno.test("what stands between a user and a login loads what it imports at once, and no more", async () => {
  await using box = await Sandbox.create();
  for (const command of LOGIN_COMMANDS) {
    const loaded = await loadedBy(box, [command, "--help"]);
    assertEquals([...loaded.difference(LOGIN)], [], command);
  }
});

Deno.test("what every command loads of src/server has no effects", async () => {
  const server = [...ALL].filter((module) => module.startsWith("src/server/"));
  for (const module of graph.closure(server)) {
    if (!module.endsWith(".ts")) continue;
    assert(!/\bDeno\./.test(await Deno.readTextFile(CHECKOUT + module)), module);
  }
  assert([...SERVER].some((module) => module.startsWith("npm:")), "no package is the server's");
});

Deno.test("client commands load nothing of the server", async () => {
  await using box = await Sandbox.create();
  const config = await box.put("ssh_config", "");
  const commands = [
    ["port"],
    ["port", "web", "--json"],
    ["key", "check"],
    ["key", "show"],
    ["ssh", "--dry-run", "-F", config, "web"],
    ["proxy", "--help"],
    ["check", "--help"],
    ["--help"],
  ];
  for (const command of commands) {
    const loaded = await loadedBy(box, command);
    assertEquals([...loaded.intersection(SERVER)], [], command.join(" "));
  }
});

Deno.test("what only a server loads is told apart", async () => {
  await using box = await Sandbox.create();
  const loaded = await loadedBy(box, ["serve", "--dry-run"]);
  assert(loaded.intersection(SERVER).has("src/server/preview.ts"), [...loaded].join("\n"));
});

Deno.test("no command wakes up the part of Deno that stands in for Node", async () => {
  // To look at `process` is enough, and takes longer than all the rest of a start.
  const asking = /std\/1[^/]*\/(?:internal\/(?:_os|os)|path\/(?:mod|join|dirname|constants))\.js$/;
  await using box = await Sandbox.create();
  for (const command of [["port"], ["serve", "--dry-run"]]) {
    const urls = await urlsLoadedBy(box, command);
    assertEquals(urls.filter((url) => asking.test(url) || url.startsWith("node:")), [], command[0]);
  }
});

Deno.test("no client waits with setTimeout, which loads the timers of Node", async () => {
  await using box = await Sandbox.create();
  const trap = `globalThis.setTimeout = () => { throw new Error("setTimeout"); };`;
  const flag = `--preload=${await box.put("trap.js", trap)}`;
  assertEquals((await runWith(flag, box, ["ssh", "-V"])).code, 0);
  const { code, stderr } = await runWith(flag, box, ["proxy", "127.0.0.1"]);
  assertEquals([code, /^c3po: error: "127.0.0.1" is up/.test(stderr)], [1, true], stderr);
});
