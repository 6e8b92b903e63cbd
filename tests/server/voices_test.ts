import { assertEquals } from "@std/assert";
import type { Door } from "../../src/schedule/windows.ts";
import { DEFAULT_BANNER } from "../../src/os/listener.ts";
import { Voices } from "../../src/server/voices.ts";

const MAIL = new TextEncoder().encode("220 mail.example.org ESMTP\r\n");

function door(service: string, port: number, proto?: "udp"): Door {
  return { service, port, user: `user${port}`, ...proto === undefined ? {} : { proto } };
}

/** How often each voice is heard when every number is as likely as another. */
function heard(doors: readonly Door[], times = 600): Record<string, number> {
  let calls = 0;
  const voices = new Voices({
    banner: { line: DEFAULT_BANNER },
    greeting: (service) => service === "mail" ? MAIL : new Uint8Array(),
    doors: () => doors,
    random: () => calls++ / times,
  });
  const counts: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const { first, drips } = voices.next();
    const [line] = new TextDecoder().decode(first).split("\r\n");
    assertEquals(drips, line === DEFAULT_BANNER, "sshd alone says more later");
    counts[line!] = (counts[line!] ?? 0) + 1;
  }
  return counts;
}

Deno.test("where every port leads to sshd, every trap speaks as sshd does", () => {
  assertEquals(heard([door("ssh", 4000)]), { [DEFAULT_BANNER]: 600 });
  assertEquals(heard([]), { [DEFAULT_BANNER]: 600 });
});

Deno.test("traps speak in the proportion of the ports that lead to each service", () => {
  const doors = [
    door("ssh", 4000),
    door("ssh", 4001),
    door("postgres", 4002),
    door("postgres", 4003),
    door("postgres", 4004),
    door("mail", 4005),
  ];
  assertEquals(heard(doors), {
    [DEFAULT_BANNER]: 200,
    "": 300,
    [new TextDecoder().decode(MAIL).trimEnd()]: 100,
  });
});

Deno.test("canaries, ports over UDP and second users of a port have no voice", () => {
  const doors = [
    door("ssh", 4000),
    { ...door("ssh", 4000), user: "bob" },
    door("canary", 4001),
    door("wg", 4002, "udp"),
    door("postgres", 4003),
  ];
  const { [DEFAULT_BANNER]: ssh, "": silent } = heard(doors);
  assertEquals([ssh, silent], [300, 300]);
});
