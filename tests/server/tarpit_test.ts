import { assertEquals } from "@std/assert";
import { TARPIT } from "../../src/server/tarpit_policy.ts";
import { systemClock } from "../../src/os/clock.ts";
import { greetingOf, listenAnywhere } from "../../src/os/listener.ts";
import { Tarpit } from "../../src/server/tarpit.ts";
import { waitFor } from "../kernel/lab.ts";
import type { Voice } from "../../src/server/voices.ts";

const SILENCE: Voice = { first: new Uint8Array(), drips: false };

for (const when of ["before it runs", "while it runs"] as const) {
  Deno.test(`Tarpit.run() ends when it is told to ${when}`, async () => {
    const end = new AbortController();
    if (when === "before it runs") end.abort();
    const tarpit = new Tarpit(TARPIT, { next: () => SILENCE }, systemClock);
    const running = tarpit.run(listenAnywhere(0), () => {}, end.signal);
    end.abort();
    await running;
  });
}

Deno.test("each connection is spoken to by a voice of its own, and one may say nothing at all", async () => {
  const line = new TextEncoder().encode("220 mail.example.org ESMTP\r\n");
  const voices = [SILENCE, { first: line, drips: false }];
  const end = new AbortController();
  const policy = { ...TARPIT, dripMs: 1 };
  const tarpit = new Tarpit(policy, { next: () => voices.shift()! }, systemClock);
  const listener = listenAnywhere(0);
  const running = tarpit.run(listener, () => {}, end.signal);
  // A silent one drips nothing either: what it stands for never speaks first.
  assertEquals(await greetingOf(listener.port), new Uint8Array());
  assertEquals(await greetingOf(listener.port), line);
  end.abort();
  await running;
  await waitFor(async () => await greetingOf(listener.port) === null, { what: "closed port" });
});
