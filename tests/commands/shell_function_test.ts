import { assert, assertEquals, assertMatch } from "@std/assert";
import vectors from "../vectors.json" with { type: "json" };
import { CHECKOUT, run } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

const DOCUMENT = await Deno.readTextFile(`${CHECKOUT}docs/CLIENTS.md`);
const FUNCTION = /^```sh\n(# c3po_port [^]*?)^```/m.exec(DOCUMENT)![1]!;

/** Those that are there; sh always is, and is dash, bash or busybox. */
async function shells(): Promise<string[]> {
  const found = ["sh"];
  for (const shell of ["bash", "dash", "zsh", "ksh"]) {
    if ((await run("sh", ["-c", `command -v ${shell}`])).code === 0) found.push(shell);
  }
  return found;
}

function call(shell: string, args: string[]): ReturnType<typeof run> {
  return run(shell, ["-c", `${FUNCTION}\nc3po_port "$@"`, shell, ...args]);
}

Deno.test("the shell function of docs/CLIENTS.md prints every vector it can", async () => {
  await using box = await Sandbox.create();
  const shell = "sh";
  let count = 0;
  for (const { scheme, secret, minute, low, high, ports } of vectors) {
    if (scheme === "c3po-1" && !secret.startsWith("c3po-1-")) continue; // a passphrase
    const line = scheme === "classic" ? `classic:${secret}` : secret;
    const file = await box.put("key", `# a comment\n\n  ${line}\r\n`);
    const args = [file, String(minute * 60 + 30), `${low}-${high}`];
    const { code, stdout, stderr } = await call(shell, args);
    assertEquals([code, stdout, stderr], [0, `${ports[0]}\n`, ""], `${scheme}, minute ${minute}`);
    count++;
  }
  assert(count > 3, `${count} vectors`);
});

Deno.test("it prints what c3po prints in every shell, and reads the range in a key", async () => {
  await using box = await Sandbox.create();
  const random = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  for (const line of [random, `${random}?ports=2000-3023`, "classic:hello, world?ports=1-9"]) {
    const file = await box.put("key", `${line}\n`);
    const at = "1795680000";
    const port = await box.c3po(["port", "--key", file, "--at", at], { stdout: /^\d+\n$/ });
    for (const shell of await shells()) {
      const { stdout, stderr } = await call(shell, [file, at]);
      assertEquals([stdout, stderr], [port, ""], `${shell}, ${line}`);
    }
  }
});

Deno.test("it refuses a passphrase instead of printing another port", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", "correct horse battery staple\n");
  const { code, stdout, stderr } = await call("sh", [file]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /neither a random key nor a classic/);
});

Deno.test("it refuses a master key and a damaged one instead of printing another port", async () => {
  await using box = await Sandbox.create();
  const body = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  for (const line of [`c3po-1-master-${body}`, `c3po-1-${body.slice(1)}`]) {
    const file = await box.put("key", `${line}?ports=2000-9000\n`);
    for (const shell of await shells()) {
      const answer = await call(shell, [file]);
      assertEquals(answer, { code: 1, stdout: "", stderr: "c3po_port: no random key\n" }, shell);
    }
  }
});
