import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Malformed } from "../../src/os/errors.ts";
import { formatKey } from "../../src/schedule/key_text.ts";
import { Bystander, receivedKey } from "../../src/users/received_key.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("the key is found among whatever else a login prints", () => {
  const streams = [
    RANDOM,
    `[sudo] password for me: \r\n${RANDOM}\r\nc3po: anyone who sees this line knows every port\r\n`,
    `\x1b[32mWelcome\x1b[0m to web\n\n  ${RANDOM}\nbye`,
    `# a comment with ${RANDOM.replace("A", "B")}\n${RANDOM}\n${RANDOM}\n`,
    `hello ${RANDOM}\n`,
    `me@web:~$\t\x1b]0;title\x07 ${RANDOM}`,
  ];
  for (const text of streams) assertEquals(formatKey(receivedKey(text)), RANDOM, text);
  assertEquals(receivedKey("hi\nclassic:a b\n"), { kind: "classic", text: "a b" });
  assertEquals(formatKey(receivedKey(`${RANDOM}?ports=2000-9000`)), `${RANDOM}?ports=2000-9000`);
});

Deno.test("what a login prints instead of a key is never taken for a passphrase", () => {
  const streams = [
    "",
    "\n\n",
    'Please login as the user "ubuntu" rather than the user "root".',
    "This account is currently not available.",
    "[sudo] password for me: ",
    "a3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    `# ${RANDOM}`,
    "the secret is classic:hello",
    RANDOM.slice(0, -1),
    `${RANDOM}\n${RANDOM.replace("A", "B")}`,
  ];
  for (const text of streams) assertThrows(() => receivedKey(text), Malformed, undefined, text);
});

Deno.test("a prompt is let through as it comes, a key never", () => {
  const bystander = new Bystander();
  assertEquals(
    bystander.hear("Last login\r\n[sudo] password for me: "),
    "Last login\n[sudo] password for me: ",
  );
  assertEquals(bystander.hear("\r\nc3"), "\n");
  assertEquals(bystander.hear(`${RANDOM.slice(2)}\r\n`), "");
  assertEquals(bystander.hear("c3po: anyone who sees this line knows every port\n"), "");
  assertEquals(bystander.hear("c3po: whoever sees this line knows every port\n"), "");
  assertEquals(bystander.hear("c3po: error: x\n\x1b[31mclass"), "c3po: error: x\n");
  assertEquals(bystander.hear("es\n"), "classes\n");
  assertEquals(bystander.hear("classic:secr"), "");
  assertEquals(bystander.hear("et"), "");
  assertEquals(bystander.end(), "");
});

Deno.test("however a stream is cut, nothing of its key is let through and nothing else is lost", () => {
  const text = `Welcome to c3\n${RANDOM}\n# c\nclassics are c3po-2\n`;
  fc.assert(fc.property(fc.array(fc.nat(text.length)), (cuts) => {
    const bystander = new Bystander();
    const ends = [...cuts.sort((a, b) => a - b), text.length];
    let at = 0;
    let heard = "";
    for (const end of ends) {
      heard += bystander.hear(text.slice(at, end));
      at = end;
    }
    assertEquals(heard + bystander.end(), "Welcome to c3\nclassics are c3po-2\n");
  }));
});
