import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab, type Namespace } from "./lab.ts";

const MODULE = fromFileUrl(new URL("../../src/host/set_session.ts", import.meta.url));

/** Runs code with a session of its own on a machine, where `c3po-hidden` is a set as `serve` has it. */
async function converse(server: Namespace, code: string, ports = ["22"]): Promise<unknown> {
  const lines = "create c3po-hidden bitmap:port range 0-65535\n" +
    "create some bitmap:port range 0-65535\n" +
    ports.map((port) => `add some ${port}\n`).join("");
  await server.must("ipset", ["restore", "-exist"], { stdin: lines });
  const program = `
    import { SetSession } from "file://${MODULE}";
    await using session = new SetSession();
    const printed = [];
    const print = (text) => session.print(text, (lines) => printed.push(...lines));
    const ask = async (...elements) =>
      (await session.missing(elements.map((element) => ({ set: "some", element }))))
        .map(({ element }) => element);
    const said = (promise) => promise.then(() => "no error", (error) => error.message);
    const result = await (async () => { ${code} })();
    console.log(JSON.stringify(result));`;
  const { stdout, stderr } = await server.run(Deno.execPath(), ["eval", "--quiet", program]);
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

kernelTest("one ipset answers however many questions", async () => {
  await using lab = await Lab.create({ peers: [] });
  // More than the prompts of one ipset fill its buffer with.
  const right = await converse(
    lab.server,
    `let right = 0;
    for (let i = 0; i < 1000; i++) if ((await ask("22", "23")).join() === "23") right++;
    return right;`,
  );
  assertEquals(right, 1000);
});

kernelTest("one ipset prints sets of any size, also to several who ask at once", async () => {
  await using lab = await Lab.create({ peers: [] });
  const [entries, missing, again] = await converse(
    lab.server,
    `const [, missing] = await Promise.all([print("list some\\n"), ask("60001", "7")]);
    const entries = printed.filter((line) => /^\\d+$/.test(line)).length;
    printed.length = 0;
    await print("flush some\\nlist some\\n");
    return [entries, missing, printed.slice(0, 1).concat(printed.slice(-1))];`,
    Array.from({ length: 60_000 }, (_, i) => String(i)),
  ) as [number, string[], string[]];
  assertEquals(entries, 60_000);
  assertEquals(missing, ["60001"]);
  assertEquals(again, ["Name: some", "Members:"]);
});

kernelTest("a command that fails is told, and the next exchange goes well", async () => {
  await using lab = await Lab.create({ peers: [] });
  const [failed, missing] = await converse(
    lab.server,
    `const failed = await said(print("flush nosuch\\nlist some\\n"));
    return [failed, await ask("22", "23")];`,
  ) as [string, string[]];
  assertEquals(
    failed.replace(/ v\S+:/, ":"),
    "ipset: ipset: The set with the given name does not exist",
  );
  assertEquals(missing, ["23"]);
});

kernelTest("an ipset that is killed is told, and another one answers", async () => {
  await using lab = await Lab.create({ peers: [] });
  const [failed, missing] = await converse(
    lab.server,
    `await ask("22");
    const { stdout } = await new Deno.Command("ps", { args: ["--ppid", String(Deno.pid), "-o", "pid=,comm="] }).output();
    const [, pid] = /(\\d+) ipset/.exec(new TextDecoder().decode(stdout));
    Deno.kill(Number(pid), "SIGKILL");
    return [await said(ask("22")), await ask("22", "23")];`,
  ) as [string, string[]];
  assertEquals(failed, "ipset: ended while it was asked");
  assertEquals(missing, ["23"]);
});
