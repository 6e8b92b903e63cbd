import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  kernelTest,
  Lab,
  type Namespace,
  roomInMinute,
  snapshot,
  startSshd,
  writeKey,
} from "./lab.ts";

const KNOCKER = fromFileUrl(new URL("./lab/knocker.ts", import.meta.url));

/** A `serve` that believes a service manager to have started it. */
async function supervised(server: Namespace): Promise<[ReturnType<Namespace["spawn"]>, string]> {
  const key = await writeKey(server);
  const env = { NOTIFY_SOCKET: `${server.directory}/notify` };
  const child = server.spawnC3po(["serve", "--key", key], { env });
  await child.waitForLine(/ started /);
  return [child, key];
}

kernelTest("SIGHUP reads the configuration again and drops neither a port nor a ban", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const [serve, key] = await supervised(lab.server);
  await lab.server.c3po(["ban", "add", "192.0.2.1", "--for", "1h"]);
  const rules = (text: string): string[] =>
    text.split("\n").filter((line) => /^-A |^add c3po-ban4/.test(line));
  const before = rules(await snapshot(lab.server));
  await roomInMinute(10_000);
  const knocks = ["run", "-A", KNOCKER, key, String(Date.now() + 5000), "50", lab.server.address4];
  const knocker = lab.user.spawn(Deno.execPath(), knocks);
  await knocker.waitForLine(/SSH-2\.0-/);
  const seen = serve.lines.length;
  serve.kill("SIGHUP");
  await serve.waitForLine(/ the configuration was read again$/, 60_000, seen);
  await serve.waitForLine(/ started /, 60_000, seen);
  assertEquals((await knocker.finished()).code, 0);
  const answers = knocker.lines.map(({ text }) => JSON.parse(text).answer);
  assertEquals(answers.filter((answer) => answer !== "SSH-2.0-"), []);
  assert(answers.length > 10, `${answers.length} knocks`);
  assertEquals(rules(await snapshot(lab.server)), before);
  assertEquals((await serve.stop()).code, 0);
});

kernelTest("a configuration that cannot be used leaves the old one in force", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const [serve, key] = await supervised(lab.server);
  await Deno.chmod(key, 0o644);
  const seen = serve.lines.length;
  serve.kill("SIGHUP");
  await serve.waitForLine(/cannot be used, the old one stays error="others may read/, 60_000, seen);
  await serve.waitForLine(/ started /, 60_000, seen);
  assertEquals((await serve.stop()).code, 0);
});
