import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab } from "./lab.ts";

const MODULE = fromFileUrl(new URL("../../src/host/sockets.ts", import.meta.url));

kernelTest("a reading of the sockets serves for a while, and no longer", async () => {
  await using lab = await Lab.create({ peers: [] });
  const program = `
    import { Sockets } from "file://${MODULE}";
    const sockets = new Sockets();
    const sees = async (ageMs) => (await sockets.listening(ageMs)).has(4711);
    const before = await sees(60_000);
    const listener = Deno.listen({ hostname: "0.0.0.0", port: 4711 });
    const told = [before, await sees(60_000), await sees(0), await sees(60_000)];
    listener.close();
    await sockets.sessionsAt(22);
    console.log(JSON.stringify([...told, await sees(60_000)]));`;
  const { stdout, stderr } = await lab.server.run(Deno.execPath(), ["eval", "--quiet", program]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), [false, false, true, true, false]);
});
