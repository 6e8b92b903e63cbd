import { assertMatch } from "@std/assert";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

async function withConfig(text: string): Promise<{ box: Sandbox; env: Record<string, string> }> {
  const box = await Sandbox.create();
  const config = await box.put("ssh_config", text);
  await box.put("bin/ssh", `#!/bin/sh\nexec /usr/bin/ssh -F ${config} "$@"\n`, 0o755);
  return { box, env: { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}` } };
}

Deno.test("a ProxyCommand of the user's is not replaced: the key is kept, the block refused", async () => {
  const { box, env } = await withConfig("Host web\n  ProxyCommand cloudflared access ssh %h\n");
  await using _ = box;
  await box.c3po(["key", "add", "web", "--write"], {
    code: 1,
    stderr:
      /^c3po: error: ssh reaches "web" by a ProxyCommand of yours, .*\nc3po: hint: without --write/,
  }, { stdin: RANDOM, env });
  await box.c3po(["key", "add", "web"], {
    stderr: /^c3po: random key.*\nc3po: hint: ssh reaches "web" by a ProxyCommand of yours/,
  }, { stdin: RANDOM, env });
  await box.c3po(["key", "check", "web", "--json"], { stdout: /"fingerprint":"c4048f50"/ }, {
    env,
  });
});

Deno.test("the jump hosts of a pattern go into the block of the host", async () => {
  const { box, env } = await withConfig("Host *.corp\n  ProxyJump a,me@bastion:2222\n");
  await using _ = box;
  const out = await box.c3po(
    ["key", "add", "db.corp"],
    { stdout: /^Host db\.corp\n/, stderr: /./ },
    {
      stdin: RANDOM,
      env,
    },
  );
  assertMatch(
    out,
    /\n {2}ProxyCommand sh -c '.* ssh -J a -W .* ssh:\/\/me@bastion:2222' %h .* port --key .*\/db\.corp\.key\n$/,
  );
});
