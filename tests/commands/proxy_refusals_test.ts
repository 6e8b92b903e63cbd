import { formatRandomKey } from "../../src/core/key.ts";
import { Sandbox } from "./sandbox.ts";

Deno.test("a host that is up with none of the ports open is told as such", async () => {
  await using box = await Sandbox.create();
  const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
  await box.c3po(["proxy", "127.0.0.1"], {
    code: 1,
    stderr:
      /^c3po: error: "127\.0\.0\.1" is up, but neither this minute's port nor its .*\nc3po: hint: /,
  }, { env: { C3PO_SECRET: key } });
  await box.c3po(["proxy", "no such.invalid"], {
    code: 1,
    stderr: /^c3po: error: "no such\.invalid" has no address\nc3po: hint: /,
  }, { env: { C3PO_SECRET: key } });
});

Deno.test("proxy refuses what it cannot read", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["proxy"], { code: 2, stderr: "c3po: error: HOST is missing\n" });
  await box.c3po(["proxy", "web", "ssh"], {
    code: 2,
    stderr: /^c3po: error: "ssh" is no port number\n/,
  });
  await box.c3po(["proxy", "web", "22", "x"], {
    code: 2,
    stderr: 'c3po: error: unexpected argument "x"\n',
  });
});
