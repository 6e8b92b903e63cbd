import { assertEquals, assertRejects } from "@std/assert";
import { checkRuntime, WrongRuntime } from "../../build/runtime.ts";
import { TARGETS } from "../../build/targets.ts";

const TARGET = TARGETS[0]!;
const VERSION = "2.9.6";
/** SHA-256 of "abc", as FIPS 180-4 has it. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/** Looks at a runtime that is "abc", where that checksum is known for it. */
async function check(isRelease: boolean, known?: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-runtime-" });
  try {
    const place = `${folder}/dl/release/v${VERSION}`;
    await Deno.mkdir(place, { recursive: true });
    await Deno.writeTextFile(`${place}/denort-${TARGET.triple}.zip`, "abc");
    const pins = known === undefined ? {} : { [VERSION]: { [TARGET.triple]: known } };
    await checkRuntime(TARGET, isRelease, { folder, version: VERSION }, pins);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a runtime whose checksum is the known one is taken, in a release too", async () => {
  await check(true, ABC);
  await check(false, ABC);
});

Deno.test("a runtime with another checksum is refused, in a release or not", async () => {
  for (const isRelease of [true, false]) {
    const { message } = await assertRejects(() => check(isRelease, "0".repeat(64)), WrongRuntime);
    assertEquals(message.includes(ABC), true);
  }
});

Deno.test("a runtime of which no checksum is known is taken, but not into a release", async () => {
  await check(false);
  const { message } = await assertRejects(() => check(true), WrongRuntime);
  assertEquals(message.includes(ABC) && message.includes("build/runtimes.json"), true);
});
