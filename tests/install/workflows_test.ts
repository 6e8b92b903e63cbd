import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { parse } from "@std/yaml";
import { CHECKOUT, must, run, type RunResult } from "../kernel/lab.ts";
import manifest from "../../deno.json" with { type: "json" };

interface Step {
  name?: string;
  uses?: string;
  run?: string;
}

interface Job {
  uses?: string;
  permissions?: Record<string, string>;
  steps?: Step[];
  "timeout-minutes"?: number;
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = join(CHECKOUT, ".github/workflows");
const NAMES = (await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name)).sort();

/** What a job may do that does more than read. */
const RIGHTS: Record<string, Record<string, string>> = {
  "release.yml release": { contents: "write", "id-token": "write", attestations: "write" },
};

function stepsOf({ jobs }: Workflow): Step[] {
  return Object.values(jobs).flatMap(({ steps = [] }) => steps);
}

for (const name of NAMES) {
  const text = await Deno.readTextFile(join(FOLDER, name));
  const workflow = parse(text) as Workflow;

  Deno.test(`${name} pins each action of others to a commit, and says which version that is`, () => {
    const uses = [...text.matchAll(/^\s*-? *uses: (.+)$/gm)].map(([, action]) => action!);
    const parsed = [...Object.values(workflow.jobs), ...stepsOf(workflow)];
    assertEquals(uses.length, parsed.filter((each) => each.uses !== undefined).length);
    for (const action of uses.filter((each) => !each.startsWith("./"))) {
      assertMatch(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  Deno.test(`${name} begins with the right to read at most, and gives a job no more than it needs`, () => {
    const atMost = { contents: "read" };
    assertEquals({ ...atMost, ...workflow.permissions }, atMost);
    for (const [job, { permissions = {} }] of Object.entries(workflow.jobs)) {
      const allowed = RIGHTS[`${name} ${job}`] ?? atMost;
      assertEquals({ ...allowed, ...permissions }, allowed, job);
    }
  });

  Deno.test(`${name} lets no job run for ever, and none keep its right to push`, () => {
    for (const job of Object.values(workflow.jobs).filter(({ uses }) => uses === undefined)) {
      assert(job["timeout-minutes"] !== undefined);
    }
    const checkouts = text.match(/uses: actions\/checkout@/g)?.length ?? 0;
    assertEquals(text.match(/persist-credentials: false/g)?.length ?? 0, checkouts);
  });

  Deno.test(`${name} runs scripts that shells understand and files that there are`, async () => {
    for (const { run: script } of stepsOf(workflow)) {
      if (script === undefined) continue;
      // What GitHub puts in there itself is not quoted: a name of a branch would be run.
      assert(!script.includes("${{"), script);
      assertEquals(await run("bash", ["-n"], { stdin: script }), {
        code: 0,
        stdout: "",
        stderr: "",
      });
      const files = script.match(/(?<![\w$./"-])(?:\.ci|tools|tests|build)\/[\w./-]+/g) ?? [];
      for (const file of files) assert((await Deno.stat(join(CHECKOUT, file))).isFile, file);
      for (const [, task] of script.matchAll(/"\$deno" task (\w+)/g)) {
        assert(task! in manifest.tasks);
      }
    }
  });
}

/** Runs a step of the release in a folder that has the files it reads. */
async function releaseStep(
  name: RegExp,
  folder: string,
  env: Record<string, string>,
): Promise<RunResult> {
  const workflow = parse(await Deno.readTextFile(join(FOLDER, "release.yml"))) as Workflow;
  const step = stepsOf(workflow).find((each) => each.name !== undefined && name.test(each.name));
  return await run("bash", ["-eo", "pipefail", "-c", step!.run!], { cwd: folder, env });
}

async function withCheckout(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-workflow-" });
  try {
    const files = ["deno.json", "CHANGELOG.md", "install.sh"].map((file) => join(CHECKOUT, file));
    await must("cp", [...files, folder]);
    await Deno.mkdir(join(folder, "dist"));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a release has its part of the change log as notes, and another tag is none", async () => {
  await withCheckout(async (folder) => {
    const log = `# Changes\n\n## ${manifest.version}\n\n- this\n\n## 0.0.9\n\n- that\n`;
    await Deno.writeTextFile(join(folder, "CHANGELOG.md"), log);
    const tag = (name: string) =>
      releaseStep(/^Check that the tag/, folder, { GITHUB_REF_NAME: name });
    assertEquals((await tag(`v${manifest.version}`)).code, 0);
    assertEquals(await Deno.readTextFile(join(folder, "notes.md")), "\n- this\n\n");
    assertEquals((await tag("v9.9.9")).code, 1);
    await Deno.writeTextFile(join(folder, "CHANGELOG.md"), "# Changes\n");
    assertEquals((await tag(`v${manifest.version}`)).code, 1);
  });
  const own = await Deno.readTextFile(join(CHECKOUT, "CHANGELOG.md"));
  assertMatch(own, new RegExp(`^## ${manifest.version}$`, "m"));
});

Deno.test("the install.sh of a release has its address and its key in it, and is else the same", async () => {
  await withCheckout(async (folder) => {
    await Deno.mkdir(join(folder, "build"));
    const key = join(folder, "build/release-key.pub");
    await Deno.writeTextFile(key, "ssh-ed25519 AAAA/b+c= a comment & more\n");
    const { code } = await releaseStep(/address of the releases/, folder, {
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_REPOSITORY: "somebody/c3po",
    });
    assertEquals(code, 0);
    const made = (await Deno.readTextFile(join(folder, "dist/install.sh"))).split("\n");
    const before = (await Deno.readTextFile(join(CHECKOUT, "install.sh"))).split("\n");
    const changed = made.filter((line, i) => line !== before[i]);
    assertEquals(changed, [
      "BASE_URL=https://github.example/somebody/c3po/releases",
      "SIGNER='ssh-ed25519 AAAA/b+c='",
    ]);
    assertEquals(made.length, before.length);
    await Deno.writeTextFile(key, "");
    assertEquals((await releaseStep(/address of the releases/, folder, {})).code, 1);
  });
});
