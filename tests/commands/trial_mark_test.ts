import { assertEquals } from "@std/assert";
import { hasPassed, rememberPassed } from "../../src/commands/setup/trial.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { readServerConfig } from "../../src/server/config.ts";
import { Sandbox } from "./sandbox.ts";

const KEYS = ["A", "E"].map((last) => `c3po-1-${"A".repeat(42)}${last}`);
const CONFIG = readServerConfig([]);

function tried(line: string, changes: Partial<typeof CONFIG> = {}) {
  const server = { key: parseKey(line), source: "/etc/c3po/key" };
  return { config: { ...CONFIG, ...changes }, server };
}

Deno.test("a trial that was passed is known by its key and settings, and one with a passphrase is not", async () => {
  await using box = await Sandbox.create();
  const folder = box.path("state");
  await Deno.mkdir(folder);
  const [key, other] = KEYS as [string, string];
  await rememberPassed(tried(key), folder);
  assertEquals(await hasPassed(tried(key), folder), true);
  assertEquals(await hasPassed(tried(other), folder), false);
  assertEquals(await hasPassed(tried(key, { traps: 3 }), folder), false);

  const words = "a passphrase of five words";
  await rememberPassed(tried(words), folder);
  assertEquals(await hasPassed(tried(words), folder), false);
  assertEquals(await hasPassed(tried(`${words} more`), folder), false);
});
