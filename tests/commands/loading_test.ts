import { assert, assertEquals } from "@std/assert";
import { LOGIN_COMMANDS } from "../../src/core/command.ts";
import { CHECKOUT, denoDirectory } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

/** The parts that only a server needs, and that not every system could load. */
const SERVER = /\/src\/server\/|\/@logtape\/|\/src\/host\/(procfs|iptables|lock|log|listener)\.ts$/;

interface Ended {
  readonly code: number;
  readonly stderr: string;
}

/** Runs c3po from its source, with another flag for Deno. */
async function runWith(flag: string, box: Sandbox, args: string[]): Promise<Ended> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", flag, `${CHECKOUT}main.ts`, ...args],
    cwd: CHECKOUT,
    env: { HOME: box.home, DENO_DIR: denoDirectory(), C3PO_SECRET: "classic:loading" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** The modules that one run of c3po loads, as V8 saw them. */
async function loadedBy(box: Sandbox, args: string[]): Promise<string[]> {
  const folder = box.path("coverage");
  const { code, stderr } = await runWith(`--coverage=${folder}`, box, args);
  assertEquals(code, 0, stderr);
  const urls: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    urls.push(JSON.parse(await Deno.readTextFile(`${folder}/${name}`)).url);
  }
  await Deno.remove(folder, { recursive: true });
  return urls.filter((url) => url.startsWith("file://")).sort();
}

Deno.test("client commands load nothing of the server", async () => {
  await using box = await Sandbox.create();
  const config = await box.put("ssh_config", "");
  const commands = [
    ["port"],
    ["port", "web", "--json"],
    ["key", "check"],
    ["key", "show"],
    ["ssh", "--dry-run", "-F", config, "web"],
    ["proxy", "--help"],
    ["check", "--help"],
    ["--help"],
  ];
  for (const command of commands) {
    const urls = await loadedBy(box, command);
    assert(urls.some((url) => url.endsWith("/src/dispatch.ts")), "the run was not observed");
    assertEquals(urls.filter((url) => SERVER.test(url)), [], command.join(" "));
  }
});

Deno.test("what stands between a user and a login loads no other command", async () => {
  const others = /\/src\/cli\.ts|\/src\/commands\/(?!command)(?!port|ssh|proxy)|\/ipaddr\.js\//;
  await using box = await Sandbox.create();
  for (const command of LOGIN_COMMANDS) {
    const urls = await loadedBy(box, [command, "--help"]);
    assert(urls.some((url) => url.endsWith("/src/login.ts")), command);
    assertEquals(urls.filter((url) => others.test(url)), [], command);
  }
});

Deno.test("no command wakes up the part of Deno that stands in for Node", async () => {
  // To look at `process` is enough, and takes longer than all the rest of a start.
  const asking = /std\/1[^/]*\/(?:internal\/(?:_os|os)|path\/(?:mod|join|dirname|constants))\.js$/;
  await using box = await Sandbox.create();
  for (const command of [["port"], ["serve", "--dry-run"]]) {
    const urls = await loadedBy(box, command);
    assertEquals(urls.filter((url) => asking.test(url) || url.startsWith("node:")), [], command[0]);
  }
});

Deno.test("no client waits with setTimeout, which loads the timers of Node", async () => {
  await using box = await Sandbox.create();
  const trap = `globalThis.setTimeout = () => { throw new Error("setTimeout"); };`;
  const flag = `--preload=${await box.put("trap.js", trap)}`;
  assertEquals((await runWith(flag, box, ["ssh", "-V"])).code, 0);
  const { code, stderr } = await runWith(flag, box, ["proxy", "127.0.0.1"]);
  assertEquals([code, /^c3po: error: "127.0.0.1" is up/.test(stderr)], [1, true], stderr);
});

Deno.test("what is loaded by a server is told apart", async () => {
  await using box = await Sandbox.create();
  const urls = await loadedBy(box, ["serve", "--dry-run"]);
  assert(urls.some((url) => SERVER.test(url)), urls.join("\n"));
});
