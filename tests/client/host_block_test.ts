import { assertEquals } from "@std/assert";
import {
  hostBlock,
  jumpCommand,
  jumpsOf,
  proxyCommand,
  withHostBlock,
  withoutHostBlock,
} from "../../src/client/ssh_config.ts";

Deno.test("a host behind jump hosts is reached by the last of them, at the port of the minute", () => {
  const command = (jumps: string): string => jumpCommand("/bin/c3po", "/k", jumps);
  const by = (way: string, jump: string): string =>
    `sh -c 'port=$("$@") && exec ssh${way} -W "[$0]:$port" ${jump}' %h /bin/c3po port --key /k`;
  assertEquals(command("jump"), by("", "jump"));
  assertEquals(command("me@jump:2222"), by("", "ssh://me@jump:2222"));
  assertEquals(command("a,b:22,me@c"), by(" -J a,b:22", "me@c"));
  assertEquals(command("[fe80::1%eth0]"), by("", "[fe80::1%%eth0]"));
  for (const jumps of ["jump", "me@jump:2222", "a,b:22,me@c", "[::1]:22", "[fe80::1%eth0]:22"]) {
    assertEquals(jumpsOf(command(jumps)), jumps);
  }
  // As key add wrote it at first, which zsh and csh do not understand.
  const port = "-W [%h]:$(/bin/c3po port --key /k)";
  assertEquals(jumpsOf(`ssh ${port} jump`), "jump");
  assertEquals(jumpsOf(`ssh -J a,b:22 ${port} ssh://me@c:2222`), "a,b:22,me@c:2222");
  assertEquals(jumpsOf("ssh -W %h:%p jump"), null);
  assertEquals(jumpsOf(proxyCommand("/bin/c3po", "/k")), null);
});

Deno.test("a block is found by its host's name in any case, and taken out alone", () => {
  const [web, mail] = [hostBlock("Web", "x"), hostBlock("mail", "y")];
  assertEquals(web, "Host Web web\n  ProxyCommand x\n");
  const both = withHostBlock(web, "mail", mail);
  assertEquals(
    withHostBlock(both, "web", hostBlock("web", "z")),
    `${hostBlock("web", "z")}\n${mail}`,
  );
  assertEquals(withoutHostBlock(both, "WEB"), mail);
  assertEquals(withoutHostBlock(both, "we"), both);
  assertEquals(withoutHostBlock(mail, "mail"), "");
});
