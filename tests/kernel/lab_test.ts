import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Child, kernelTest, Lab, listNamespaces, must, probe, sweepStale, waitFor } from "./lab.ts";
import { labDirectory } from "./lab/names.ts";
import { minuteToCome } from "./lab/wait.ts";

const CREATOR = fromFileUrl(new URL("./lab/creator.ts", import.meta.url));

function creator(how: "throw" | "wait"): Child {
  return new Child(Deno.execPath(), ["run", "--no-prompt", "-A", CREATOR, how]);
}

async function namespacesOf(lab: string): Promise<string[]> {
  return (await listNamespaces()).filter((name) => name.startsWith(lab));
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

kernelTest(
  "Lab makes namespaces and leaves none behind, nor its directory or processes",
  async () => {
    const lab = await Lab.create();
    const sleeper = lab.user.spawn("sleep", ["1000"]);
    assertEquals((await namespacesOf(lab.name)).length, 4);
    await lab[Symbol.asyncDispose]();
    assertEquals(await namespacesOf(lab.name), []);
    assertEquals(await exists(lab.directory), false);
    assertEquals((await sleeper.status).signal, "SIGKILL");
  },
);

kernelTest("Lab joins its machines over IPv4 and IPv6", async () => {
  await using lab = await Lab.create();
  for (const target of [lab.server.address4, lab.server.address6, lab.attacker.address6]) {
    assertEquals(await probe(lab.user, target, 1), "refused");
  }
});

kernelTest("Lab cleans up when the body of a test throws", async () => {
  const child = creator("throw");
  const { success } = await child.finished();
  assertEquals(success, false);
  assertMatch(child.text("stderr"), /as asked/);
  assertEquals(await namespacesOf(child.lines[0]!.text), []);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  kernelTest(`Lab cleans up when its process dies of ${signal}`, async () => {
    const child = creator("wait");
    const name = await child.waitForLine(/^c3po-t-/);
    assertEquals((await namespacesOf(name)).length, 3);
    child.kill(signal);
    await child.finished();
    await waitFor(
      async () => !(await namespacesOf(name)).length && !await exists(labDirectory(name)),
      {
        what: "end of the dead creator's namespaces and directory",
      },
    );
  });
}

kernelTest(
  "sweepStale() removes what a dead process left and nothing of a living one",
  async () => {
    await using lab = await Lab.create({ peers: [] });
    const dead = new Child("true", []);
    await dead.finished();
    const name = `c3po-t-${dead.pid}-abcdef`;
    await must("ip", ["netns", "add", `${name}-server`]);
    await sweepStale(); // or a test beside this one has done it
    assertEquals(await namespacesOf(name), []);
    assertEquals((await namespacesOf(lab.name)).length, 2);
  },
);

kernelTest("waitForLine() gives the line, or says what came instead", async () => {
  await using lab = await Lab.create({ peers: [] });
  const child = lab.server.spawn("cat", [], { stdin: "piped" });
  await child.write("one\ntwo\n");
  assertEquals(await child.waitForLine(/^t/), "two");
  const error = await assertRejects(() => child.waitForLine(/three/, 50), Error, "within 50 ms");
  assert(error.message.includes("one\ntwo"));
  await child.closeInput();
  await assertRejects(() => child.waitForLine(/three/), Error, "before its end");
});

Deno.test("waitFor() carries the last error of its condition as the cause", async () => {
  const failing = (): never => {
    throw new Error("still closed");
  };
  const error = await assertRejects(
    () => waitFor(failing, { deadlineMs: 30, what: "opening" }),
    Error,
  );
  assertEquals(error.message, "no opening within 30 ms");
  assertEquals((error.cause as Error).message, "still closed");
});

Deno.test("a moment around the minute boundary that has passed is the next minute's", () => {
  const minute = 29922240;
  const at = (seconds: number) => minute * 60_000 + seconds * 1000;
  assertEquals(minuteToCome(at(50), 0), minute + 1);
  assertEquals(minuteToCome(at(0), 250), minute);
  assertEquals(minuteToCome(at(0.25), 250), minute + 1);
  assertEquals(minuteToCome(at(50), -300), minute + 1);
  assertEquals(minuteToCome(at(59.8), -300), minute + 2);
});
