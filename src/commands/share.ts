import type { Command } from "../cli/command.ts";
import { C3poError } from "../os/errors.ts";
import { isForbidden } from "../os/files.ts";
import type { Host } from "../os/host.ts";

const SOCKET = "/run/c3po/share.sock";
/** While no `serve` is there, it is looked for this often, in milliseconds. */
const RETRY_MS = 1000;

/** `c3po share`: carries lines between `serve` and the store of a fleet. */
export const share: Command = {
  name: "share",
  summary: "carries signed bans between serve and the store of a fleet",
  usage: ["share [--socket FILE]"],
  options: [
    { name: "socket", value: "FILE", text: `the socket of serve (default ${SOCKET})` },
  ],
  about: [
    "Servers of a fleet tell each other of addresses that completed a connection to a trap. serve signs " +
    "what it tells, verifies what it hears, and decides; this process only speaks to the Redis or Valkey " +
    "server that [share] in /etc/c3po/server.toml names. It needs no root, holds no key and can ban " +
    "nothing. Without it, or without the store, each server goes on with its own bans.",
    "Run it as the service c3po-share: systemctl enable --now c3po-share.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    const [signals, log] = await Promise.all([
      import("../os/signals.ts"),
      import("../os/log.ts"),
    ]);
    log.startLog("text", host.env("JOURNAL_STREAM") !== undefined);
    using end = signals.endSignal();
    await carryOn(args.value("socket") ?? SOCKET, host, end.signal);
    return 0;
  },
};

/** Serves one `serve` after the other. */
async function carryOn(socket: string, host: Host, signal: AbortSignal): Promise<void> {
  const [{ carry }, { openStore }, { connectLocally }, { eventLog }] = await Promise.all([
    import("../fleet/carrier.ts"),
    import("../fleet/store.ts"),
    import("../os/local_socket.ts"),
    import("../os/event_log.ts"),
  ]);
  const log = eventLog("share");
  let problem = "";
  while (!signal.aborted) {
    try {
      const channel = await connectLocally(socket);
      problem = "";
      await carry({
        channel,
        open: openStore,
        clock: host.clock,
        jitter: Math.random,
        onChange: (why) => {
          if (why === null) log.info("store_up", "connected to the store");
          else log.warn("store_down", "cannot reach the store, will retry", { error: why });
        },
      }, signal);
    } catch (error) {
      // The service manager gives the right to the socket, which each start of serve makes anew.
      if (!(error instanceof C3poError) || isForbidden(error)) throw error;
      if (error.message !== problem) {
        log.warn("serve_absent", "serve is not there, will retry", { error: error.message });
      }
      problem = error.message;
    }
    if (!signal.aborted) await host.clock.sleep(RETRY_MS, signal);
  }
}
