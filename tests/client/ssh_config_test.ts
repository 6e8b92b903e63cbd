import { assertEquals } from "@std/assert";
import { fingerprint } from "../../src/schedule/fingerprint.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { shellCommand } from "../../src/os/shell.ts";
import { hostBlock, includeLine, withHostBlock, withInclude } from "../../src/client/ssh_config.ts";

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
  const own = "/home/me/.ssh/c3po.conf";
  const include = `Include ${own}\n`;
  assertEquals(includeLine(own), include);
  assertEquals(withInclude("", include), include);
  assertEquals(withInclude("User me", include), `${include}\nUser me`);
  for (
    const line of [
      "#\nInclude c3po.conf",
      " include\tother ~/.ssh/c3po.conf",
      'Include="c3po.conf"',
      `Include "${own}"`,
    ]
  ) {
    assertEquals(withInclude(`# top\n${line}\nHost a\n`, include), `# top\n${line}\nHost a\n`);
  }
  for (
    const text of ["Host a\nInclude c3po.conf\n", "#Include c3po.conf\n", "Include xc3po.conf\n"]
  ) {
    assertEquals(withInclude(text, include), `${include}\n${text}`);
  }
});

Deno.test("the line that an older key add wrote becomes one that does not depend on HOME", () => {
  const include = includeLine("/home/me/.ssh/c3po.conf");
  assertEquals(withInclude("Include c3po.conf\n", include), include);
  assertEquals(withInclude("Include c3po.conf\n\nHost a\n", include), `${include}\nHost a\n`);
});

Deno.test("a home that ssh would read as something else is included by the name of the file", () => {
  assertEquals(includeLine("/home/a b/.ssh/c3po.conf"), 'Include "/home/a b/.ssh/c3po.conf"\n');
  for (const home of ["/home/a*", "/home/[a]", "/home/a%h", "/home/$a", '/home/a"b', "C:\\me"]) {
    assertEquals(includeLine(`${home}/.ssh/c3po.conf`), "Include c3po.conf\n", home);
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
