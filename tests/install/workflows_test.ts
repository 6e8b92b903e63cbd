import { assert, assertEquals, assertMatch } from "@std/assert";
import { CHECKOUT } from "../kernel/lab.ts";

const FOLDER = `${CHECKOUT}.github/workflows/`;
const NAMES = (await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name)).sort();

for (const name of NAMES) {
  const text = await Deno.readTextFile(FOLDER + name);

  Deno.test(`${name} pins each action of others to a commit, and says which version that is`, () => {
    const uses = [...text.matchAll(/^\s*-? *uses: (.+)$/gm)].map(([, action]) => action!);
    for (const action of uses.filter((each) => !each.startsWith("./"))) {
      assertMatch(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  Deno.test(`${name} begins with the right to read at most`, () => {
    const [, rights] = /^permissions:(.*\n(?: .*\n)*)/m.exec(text) ?? [];
    assert(rights !== undefined, "no permissions");
    assertMatch(rights, /^(?: \{\}\n|\n {2}contents: read\n)$/);
  });
}

Deno.test("the line of install.sh that a release fills in is there, empty, once", async () => {
  const script = await Deno.readTextFile(`${CHECKOUT}install.sh`);
  assertEquals(script.match(/^BASE_URL=.*$/gm)?.[0], "BASE_URL=");
});
