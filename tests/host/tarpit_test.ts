import { TARPIT } from "../../src/core/tarpit.ts";
import { systemClock } from "../../src/host/clock.ts";
import { listenAnywhere } from "../../src/host/listener.ts";
import { Tarpit } from "../../src/server/tarpit.ts";

Deno.test("Tarpit.run() ends at once when it is told to end before it began", async () => {
  const tarpit = new Tarpit(TARPIT, "SSH-2.0-OpenSSH_9.6", systemClock);
  await tarpit.run(listenAnywhere(0), () => {}, AbortSignal.abort());
});
