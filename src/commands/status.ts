import { JSON_OPTION } from "../core/command.ts";
import type { Status } from "../core/status.ts";
import { statusJson } from "../core/status.ts";
import type { Host } from "../host/host.ts";
import { needRoot } from "../host/sets.ts";
import { columnsHere, hasColour } from "../host/terminal.ts";
import type { Command } from "./command.ts";

/** `c3po status`: what is open, who is shut out, and whether all is well. */
export const status: Command = {
  name: "status",
  summary: "show the open ports, the bans, the last hits and whether all is well (root)",
  usage: ["status [--watch] [--json]"],
  options: [
    { name: "watch", text: "show it again each second; q or Ctrl-C ends it" },
    JSON_OPTION,
  ],
  about: [
    "On a map of the range S is the SSH port, x a trap. With --watch the arrows scroll through the " +
    "bans; where stdout is no terminal, or with --json, there is a report a second. The exit code " +
    "is 1 if something does not work.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    needRoot();
    const { look } = await import("../server/status.ts");
    const text = args.has("json") ? json : plain;
    if (!args.has("watch")) {
      const now = await look(host);
      host.terminal.out(await text(now));
      return now.health.every(({ grade }) => grade !== "fail") ? 0 : 1;
    }
    if (!args.has("json") && host.terminal.interactive) await watch(look, host);
    else await follow(async () => host.terminal.out(await text(await look(host))), host);
    return 0;
  },
};

type Look = (host: Host) => Promise<Status>;

async function json(now: Status): Promise<string> {
  return await Promise.resolve(`${statusJson(now)}\n`);
}

async function plain(now: Status): Promise<string> {
  const [{ statusFrame }, { paint }] = await Promise.all([
    import("../core/view/status_frame.ts"),
    import("../core/view/ink.ts"),
  ]);
  const frame = statusFrame(now, { columns: columnsHere(), rows: 24 });
  const lines = frame.map((line) => paint(line, hasColour()).trimEnd());
  // The room that a screen would have left is not needed here.
  return lines.filter((line, i) => line !== "" || lines[i - 1] !== "").join("\n") + "\n";
}

async function watch(look: Look, host: Host): Promise<void> {
  const [{ StatusView }, { showOnScreen }] = await Promise.all([
    import("../core/view/status_view.ts"),
    import("../host/screen.ts"),
  ]);
  const view = new StatusView();
  await showOnScreen(view, async () => view.show(await look(host)), host.clock);
}

/** Reports until somebody ends it. */
async function follow(report: () => Promise<void>, host: Host): Promise<void> {
  const { endSignal } = await import("../host/signals.ts");
  using end = endSignal();
  while (!end.signal.aborted) {
    await report();
    await host.clock.sleep(1000 - host.clock.now() % 1000, end.signal);
  }
}
