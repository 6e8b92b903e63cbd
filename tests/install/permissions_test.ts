import { assert, assertEquals } from "@std/assert";
import { CLIENT_TOOLS, permissionsFor, SERVER_TOOLS } from "../../build/permissions.ts";

const TOOL_CALL =
  /\b(?:runTool|tryTool|outputOf|runInForeground|spawn|Deno\.Command)\(\s*"([^"]+)"/g;
const VARIABLE = /\benv(?:\.get)?\(\s*"([A-Z0-9_]+)"/g;

Deno.test("every program that the source runs by name is on the list of permissions", async () => {
  const known = Object.keys({ ...SERVER_TOOLS, ...CLIENT_TOOLS });
  const used = await found(TOOL_CALL);
  assert(used.length > 0, "the search finds nothing: has src/os/tool.ts changed?");
  assertEquals(used.filter((tool) => !known.includes(tool)), []);
});

Deno.test("every program on the list of permissions is named in the source", async () => {
  const text = await source();
  const listed = Object.keys({ ...SERVER_TOOLS, ...CLIENT_TOOLS });
  assertEquals(listed.filter((tool) => !text.includes(`"${tool}"`)), []);
});

Deno.test("every variable that the source reads by name is on the list of permissions", async () => {
  const known = permissionsFor("linux").find(({ flag }) => flag === "allow-env")?.to ?? [];
  const used = await found(VARIABLE);
  assert(used.length > 0, "the search finds nothing: has src/os/host.ts changed?");
  const covered = (name: string): boolean => name.startsWith("C3PO_") || known.includes(name);
  assertEquals(used.filter((name) => !covered(name)), []);
});

Deno.test("no source asks for what only every permission at once would allow", async () => {
  // Newer versions of Deno let a program signal itself, but 2.4 does not.
  assertEquals((await source()).match(/\bDeno\.(?:kill|env\.toObject|dlopen)\b/g), null);
});

Deno.test("a client may run none of the server's tools", () => {
  for (const platform of ["macos", "windows"] as const) {
    const run = permissionsFor(platform).find(({ flag }) => flag === "allow-run")?.to ?? [];
    const names = run.map((path) => path.replace(/^.*\//, ""));
    assertEquals(names.filter((name) => name in SERVER_TOOLS), []);
  }
});

Deno.test("what stands between a user and a login writes nothing, and may do no more than the whole", () => {
  for (const platform of ["linux", "macos", "windows"] as const) {
    const whole = new Map(permissionsFor(platform).map(({ flag, to }) => [flag, to]));
    const login = permissionsFor(platform, "login");
    assertEquals(login.filter(({ flag }) => flag === "allow-write"), []);
    for (const { flag, to } of login) {
      assertEquals(to?.filter((place) => !whole.get(flag)?.includes(place)) ?? [], [], flag);
      if (to === undefined) assertEquals(whole.has(flag) && whole.get(flag), undefined, flag);
    }
    const run = login.find(({ flag }) => flag === "allow-run")?.to ?? [];
    const tools = new Set(run.map((path) => path.replace(/^.*\//, "")));
    const expected = platform === "windows" ? ["ssh"] : Object.keys(CLIENT_TOOLS).sort();
    assertEquals([...tools].sort(), expected);
  }
});

Deno.test("no permission is given whole but the network and reading, and none together with all others", () => {
  const whole = permissionsFor("linux").filter(({ to }) => to === undefined);
  assertEquals(whole.map(({ flag }) => flag), ["allow-read", "allow-net", "deny-import"]);
});

async function found(pattern: RegExp): Promise<string[]> {
  const text = await source();
  return [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))].sort();
}

async function source(): Promise<string> {
  const texts: string[] = [];
  const walk = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await walk(new URL(`${name}/`, folder));
      else texts.push(await Deno.readTextFile(new URL(name, folder)));
    }
  };
  await walk(new URL("../../src/", import.meta.url));
  return texts.join("\n");
}
