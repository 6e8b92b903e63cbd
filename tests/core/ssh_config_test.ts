import { assertEquals } from "@std/assert";
import { fingerprint } from "../../src/core/fingerprint.ts";
import { parseKey } from "../../src/core/key.ts";
import { shellCommand } from "../../src/core/shell.ts";
import { hostBlock, withHostBlock, withInclude } from "../../src/core/ssh_config.ts";

const web = hostBlock("web", "c3po proxy %h");
const mail = hostBlock("mail", "c3po proxy %h");

Deno.test("a Host block is added once, and replaced where it changed", () => {
  assertEquals(withHostBlock("", "web", web), web);
  assertEquals(withHostBlock(web, "web", web), web);
  assertEquals(withHostBlock(web, "mail", mail), `${web}\n${mail}`);
  const changed = hostBlock("web", "c3po proxy --key k %h");
  assertEquals(withHostBlock(`${web}\n${mail}`, "web", changed), `${changed}\n${mail}`);
  assertEquals(withHostBlock(`# mine\n${web}`, "mail", mail), `# mine\n\n${web}\n${mail}`);
  assertEquals(
    withHostBlock(hostBlock("webs", "x"), "web", web),
    `${hostBlock("webs", "x")}\n${web}`,
  );
});

Deno.test("the Include stands above every Host, once, and the rest is kept", () => {
  assertEquals(withInclude(""), "Include c3po.conf\n");
  assertEquals(withInclude("User me"), "Include c3po.conf\n\nUser me");
  for (
    const line of ["Include c3po.conf", " include\tother ~/.ssh/c3po.conf", 'Include="c3po.conf"']
  ) {
    assertEquals(withInclude(`# top\n${line}\nHost a\n`), `# top\n${line}\nHost a\n`);
  }
  for (
    const text of ["Host a\nInclude c3po.conf\n", "#Include c3po.conf\n", "Include xc3po.conf\n"]
  ) {
    assertEquals(withInclude(text), `Include c3po.conf\n\n${text}`);
  }
});

Deno.test("words are quoted so that a shell reads them back", () => {
  assertEquals(
    shellCommand(["ssh", "-p", "1", "me@web", "a/b:c=d,e"]),
    "ssh -p 1 me@web a/b:c=d,e",
  );
  assertEquals(shellCommand(["", "a b", "it's", "$x", "~"]), "'' 'a b' 'it'\\''s' '$x' '~'");
});

Deno.test("only a secret that cannot be guessed has a fingerprint", async () => {
  const line = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  // printf c3po-fingerprint | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
  assertEquals(await fingerprint(parseKey(line)), "c4048f50");
  assertEquals(await fingerprint(parseKey(`${line}?ports=2000-9000`)), "c4048f50");
  assertEquals(await fingerprint(parseKey("classic:anything")), null);
  assertEquals(await fingerprint(parseKey("a passphrase of words")), null);
});
