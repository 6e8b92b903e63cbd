import type { Guest, Listener } from "../../src/host/listener.ts";
import { systemClock } from "../../src/host/clock.ts";
import { Tarpit } from "../../src/server/tarpit.ts";

/** A listener to whom nobody comes; it ends when it is closed, as a real one does. */
function lonely(): Listener & { readonly closed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const guests = async function* (): AsyncGenerator<Guest> {
    await promise;
  };
  return { port: 61_023, guests: guests(), close: resolve, closed: promise };
}

for (const when of ["before it runs", "while it runs"] as const) {
  Deno.test(`Tarpit.run() ends when it is told to ${when}`, async () => {
    const listener = lonely();
    const end = new AbortController();
    if (when === "before it runs") end.abort();
    const tarpit = new Tarpit({ most: 1, dripMs: 10, patience: 1 }, "SSH-2.0-x", systemClock);
    const running = tarpit.run(listener, () => {}, end.signal);
    end.abort();
    await running;
    await listener.closed;
  });
}
