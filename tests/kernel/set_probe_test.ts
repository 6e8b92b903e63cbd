import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab } from "./lab.ts";

const MODULE = fromFileUrl(new URL("../../src/host/set_probe.ts", import.meta.url));

/** More than the prompts of one ipset fill its buffer with. */
const QUESTIONS = 1000;

/** Asks about a port that is there and one that is not; prints how often one process answered both. */
const ASKER = `
import { SetProbe } from "file://${MODULE}";
const expected = ["22", "23"].map((element) => ({ set: "some", element }));
await using probe = new SetProbe();
let right = 0;
for (let i = 0; i < ${QUESTIONS}; i++) {
  const missing = await probe.missing(expected);
  if (missing.map(({ element }) => element).join() === "23") right++;
}
console.log(right);
`;

kernelTest("one ipset answers however many questions", async () => {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  const lines = "create some bitmap:port range 0-65535\nadd some 22\n";
  await server.must("ipset", ["restore"], { stdin: lines });
  const { stdout, stderr } = await server.run(Deno.execPath(), ["eval", "--quiet", ASKER]);
  assertEquals({ stdout, stderr }, { stdout: `${QUESTIONS}\n`, stderr: "" });
});
