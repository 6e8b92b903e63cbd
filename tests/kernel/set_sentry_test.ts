import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab, type Namespace } from "./lab.ts";

const FOLDER = fromFileUrl(new URL("../../src/host/", import.meta.url));
const SETS = "create c3po-hidden bitmap:port range 0-65535\n" +
  "create some bitmap:port range 0-65535\nadd some 22\nadd some 23\n";

/** Runs code with a sentry of its own on a machine that has a set; it tells when the sentry falls. */
async function guard(server: Namespace, code: string): Promise<unknown> {
  await server.must("ipset", ["restore"], { stdin: SETS });
  const program = `
    import { SetSentry } from "file://${FOLDER}set_sentry.ts";
    import { SetSession } from "file://${FOLDER}set_session.ts";
    let fell = Promise.withResolvers();
    await using sentry = new SetSentry(() => fell.resolve("fell"));
    await using session = new SetSession();
    const ask = (...elements) => sentry.ask(elements.map((element) => ({ set: "some", element })));
    const moment = () => new Promise((resolve) => setTimeout(resolve, 5));
    const pid = async () => {
      const args = ["-P", String(Deno.pid), "-f", "ipset -quiet restore"];
      const { stdout } = await new Deno.Command("pgrep", { args }).output();
      return Number(new TextDecoder().decode(stdout));
    };
    // Whether it sleeps over an empty pipe, having read so many bytes since it began.
    const hasRead = async (bytes) => {
      const read = Number(/rchar: (\\d+)/.exec(await Deno.readTextFile("/proc/" + await pid() + "/io"))[1]);
      const stat = await Deno.readTextFile("/proc/" + await pid() + "/stat");
      return read >= bytes && stat.includes(") S ");
    };
    const result = await (async () => { ${code} })();
    console.log(JSON.stringify(result));`;
  const { stdout, stderr } = await server.run(Deno.execPath(), ["eval", "--quiet", program]);
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

kernelTest(
  "a sentry stands while all it is asked for is there, and falls when it is not",
  async () => {
    await using lab = await Lab.create({ peers: [] });
    const told = await guard(
      lab.server,
      `const before = ask("22");
    sentry.post();
    const many = Array.from({ length: 1000 }, (_, i) => i % 2 === 0 ? "22" : "23");
    const bytes = "test some 22\\n".length * many.length;
    for (let i = 1; i <= 3; i++) {
      ask(...many);
      while (!await hasRead(i * bytes)) await moment();
    }
    const all = ask("22");
    await session.print("del some 23\\n", () => {});
    ask("22", "23");
    return [before, all, await fell.promise, ask("22")];`,
    );
    assertEquals(told, [false, true, "fell", false]);
  },
);

kernelTest("a sentry that reads no more falls", async () => {
  await using lab = await Lab.create({ peers: [] });
  const told = await guard(
    lab.server,
    `sentry.post();
    Deno.kill(await pid(), "SIGSTOP");
    let over = false;
    fell.promise.then(() => over = true);
    for (let i = 0; !over && i < 4000; i++) {
      ask(...Array(1000).fill("22"));
      await moment();
    }
    return await pid();`,
  );
  assertEquals(told, 0);
});

kernelTest("a sentry that is killed falls, and another one stands in its place", async () => {
  await using lab = await Lab.create({ peers: [] });
  const told = await guard(
    lab.server,
    `sentry.post();
    const first = await pid();
    sentry.post();
    const same = await pid() === first;
    Deno.kill(first, "SIGKILL");
    const told = await fell.promise;
    fell = Promise.withResolvers();
    sentry.post();
    const other = await pid();
    await sentry[Symbol.asyncDispose]();
    return [same, told, other > 0 && other !== first, await pid(), ask("22")];`,
  );
  assertEquals(told, [true, "fell", true, 0, false]);
});
