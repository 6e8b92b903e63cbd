import { TARPIT } from "../../src/core/tarpit.ts";
import { systemClock } from "../../src/host/clock.ts";
import { listenAnywhere } from "../../src/host/listener.ts";
import { Tarpit } from "../../src/server/tarpit.ts";

for (const when of ["before it runs", "while it runs"] as const) {
  Deno.test(`Tarpit.run() ends when it is told to ${when}`, async () => {
    const end = new AbortController();
    if (when === "before it runs") end.abort();
    const tarpit = new Tarpit(TARPIT, { line: "SSH-2.0-OpenSSH_9.6" }, systemClock);
    const running = tarpit.run(listenAnywhere(0), () => {}, end.signal);
    end.abort();
    await running;
  });
}
