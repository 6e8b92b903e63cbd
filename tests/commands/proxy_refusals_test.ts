import { formatRandomKey } from "../../src/schedule/key_text.ts";
import { assertEquals } from "@std/assert";
import { c3poCommand, denoDirectory } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

/** What ssh reads on stdout: its own protocol's word for it (RFC 4253, section 11.1). */
function saying(message: string): RegExp {
  const words = `c3po: ${message} (details: c3po check HOST)`;
  return new RegExp(`^SSH-2\\.0-c3po\\r\\n[^]*${words.replace(/[.()\[\]]/g, "\\$&")}`);
}

Deno.test("a host that is up with none of the ports open is told as such", async () => {
  await using box = await Sandbox.create();
  const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
  await box.c3po(["proxy", "127.0.0.1"], {
    code: 1,
    stdout: saying('"127.0.0.1" is up, but this minute\'s port is not open to this address'),
    stderr:
      /^c3po: error: "127\.0\.0\.1" is up, but this minute's port is not open .*\nc3po: hint: /,
  }, { env: { C3PO_SECRET: key } });
  await box.c3po(["proxy", "no such.invalid"], {
    code: 1,
    stdout: saying('cannot resolve "no such.invalid"'),
    stderr: /^c3po: error: cannot resolve "no such\.invalid"\nc3po: hint: /,
  }, { env: { C3PO_SECRET: key } });
});

Deno.test("proxy refuses what it cannot read", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["proxy"], {
    code: 2,
    stdout: saying("HOST is missing"),
    stderr: "c3po: error: HOST is missing\n",
  });
  await box.c3po(["proxy", "web", "ssh"], {
    code: 2,
    stdout: saying('"ssh" is not a port number'),
    stderr: /^c3po: error: "ssh" is not a port number\n/,
  });
  await box.c3po(["proxy", "web", "22", "x"], {
    code: 2,
    stdout: saying('unexpected argument "x"'),
    stderr: 'c3po: error: unexpected argument "x"\n',
  });
});

Deno.test("control characters in a host's name do not reach the terminal", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["proxy", "a\x1b[2J\x07b.invalid"], {
    code: 1,
    stdout: saying('cannot resolve "a[2Jb.invalid"'),
    stderr: /^c3po: error: cannot resolve "a\[2Jb\.invalid"\n/,
  }, { env: { C3PO_SECRET: "classic:x" } });
});

Deno.test("an ssh whose ProxyCommand nobody hears on stderr shows the reason all the same", async () => {
  await using box = await Sandbox.create();
  const command = [...c3poCommand(), "proxy", "%h"].join(" ");
  const { code, stderr } = await new Deno.Command("ssh", {
    args: [
      ...["-F", "none", "-o", `ProxyCommand=env HOME=${box.home} ${command} 2>/dev/null`],
      ...["web.example", "true"],
    ],
    env: { DENO_DIR: denoDirectory(), SHELL: "/bin/sh" },
    stdin: "null",
  }).output();
  assertEquals(code, 255);
  const [first, second] = new TextDecoder().decode(stderr).split(/\r?\n/);
  assertEquals(
    [first, second],
    [
      'Received disconnect from UNKNOWN port 65535:7: c3po: no key found for "web.example" ' +
      "(details: c3po check HOST)",
      "Disconnected from UNKNOWN port 65535",
    ],
  );
});
