import { type Command, JSON_OPTION } from "../cli/command.ts";
import type { Status } from "../server/status.ts";
import { statusJson } from "../server/status_json.ts";
import type { Host } from "../os/host.ts";
import { needRoot } from "../os/root.ts";
import { columnsHere, hasColour } from "../os/terminal.ts";

/** `c3po status`: what is open, who is shut out, and whether all is well. */
export const status: Command = {
  name: "status",
  summary: "show open ports, bans, recent hits and health (root)",
  usage: ["status [--watch] [--json]"],
  options: [
    { name: "watch", text: "update every second; q or Ctrl-C quits" },
    JSON_OPTION,
  ],
  about: [
    "On the map of the range, S is the SSH port and x a trap; the odds are those that a scan meets a " +
    "service before a trap. With --watch the arrow keys scroll through the bans; if stdout is not a terminal, or with --json, it prints one report per second. " +
    "The exit code is 1 if something does not work.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    needRoot();
    const { readStatus: look } = await import("../server/status_reader.ts");
    const text = args.has("json") ? json : plain;
    const print = args.has("json") ? host.terminal.out : host.terminal.raw; // with colours
    if (!args.has("watch")) {
      const now = await look(host);
      print(await text(now));
      return now.health.every(({ grade }) => grade !== "fail") ? 0 : 1;
    }
    if (!args.has("json") && host.terminal.interactive) await watch(look, host);
    else await follow(async () => print(await text(await look(host))), host);
    return 0;
  },
};

type Look = (host: Host) => Promise<Status>;

async function json(now: Status): Promise<string> {
  return await Promise.resolve(`${statusJson(now)}\n`);
}

async function plain(now: Status): Promise<string> {
  const [{ statusFrame }, { paint }] = await Promise.all([
    import("../cli/view/status_frame.ts"),
    import("../os/ink.ts"),
  ]);
  const frame = statusFrame(now, { columns: columnsHere(), rows: 24 });
  const lines = frame.map((line) => paint(line, hasColour()).trimEnd());
  // The room that a screen would have left is not needed here.
  return lines.filter((line, i) => line !== "" || lines[i - 1] !== "").join("\n") + "\n";
}

async function watch(look: Look, host: Host): Promise<void> {
  const [{ StatusView }, { showOnScreen }] = await Promise.all([
    import("../cli/view/status_view.ts"),
    import("../cli/view/screen.ts"),
  ]);
  const view = new StatusView();
  await showOnScreen(view, async () => view.show(await look(host)), host.clock);
}

/** Reports until it is stopped. */
async function follow(report: () => Promise<void>, host: Host): Promise<void> {
  const { endSignal } = await import("../os/signals.ts");
  using end = endSignal();
  while (!end.signal.aborted) {
    await report();
    await host.clock.sleep(1000 - host.clock.now() % 1000, end.signal);
  }
}
