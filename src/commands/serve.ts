import { parse as parseToml } from "@std/toml";
import type { Arguments } from "../core/arguments.ts";
import { fileSource, parseTrial, readServerConfig, type Source } from "../core/config.ts";
import { SERVER_OPTIONS, type ServerConfig } from "../core/server_options.ts";
import { asArgument, Failure } from "../core/errors.ts";
import { checkTraps, Schedule } from "../core/schedule.ts";
import { readText } from "../host/files.ts";
import { runtimeFolder, stateFolder } from "../host/folders.ts";
import { type Host, isRoot, os } from "../host/host.ts";
import { findKey, type FoundKey, SERVER_KEY } from "../host/keyring.ts";
import type { Command } from "./command.ts";

const CONFIG_FILE = "/etc/c3po/server.toml";

/** `c3po serve`: the server. */
export const serve: Command = {
  name: "serve",
  summary: "open and rotate the ports, spring the traps, keep the bans (root, Linux)",
  usage: ["serve [options]"],
  options: [
    ...SERVER_OPTIONS,
    { name: "dry-run", text: "print every rule and set that would be loaded; change nothing" },
    { name: "force", text: "start even where that may shut you out" },
    { name: "undo", text: "remove all that a serve which died left in the kernel, and end" },
  ],
  about: [
    `Each option is also a key of ${CONFIG_FILE} (with _ for -) and a variable of the environment ` +
    "(C3PO_TRAPS for --traps); flags beat the environment, the environment beats the file.",
    "--undo with --try D waits until its standard input ends or D is over: so it watches over a " +
    "trial. Behind a service, where $SERVICE_RESULT says how that ended, it removes what nobody " +
    "takes over: of one that was killed because it hung, and of one whose trial is over.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    if (os !== "linux") throw new Failure("a server runs on Linux only");
    if (args.has("undo")) return await undo(args, host);
    const orders = await readOrders(args, host);
    const { config, schedule } = orders;
    // Loaded only here, so that clients start without it.
    if (args.has("dry-run")) {
      const { preview } = await import("../server/preview.ts");
      host.terminal.out(await preview(config, schedule, host.clock.now()));
      return 0;
    }
    needRoot();
    const [server, admin, log, signals, notify] = await Promise.all([
      import("../server/serve.ts"),
      import("../host/admin.ts"),
      import("../host/log.ts"),
      import("../host/signals.ts"),
      import("../host/notify.ts"),
    ]);
    log.startLog(config.logFormat);
    const supervised = host.env("NOTIFY_SOCKET") !== undefined;
    using requests = signals.signalRequests(supervised);
    const folders = { runtimeFolder: runtimeFolder(host), stateFolder: stateFolder(host) };
    using service = notify.serviceManager(host, folders.runtimeFolder);
    await server.serve({
      orders,
      reread: () => readOrders(args, host),
      clock: host.clock,
      ...folders,
      service,
      admin: await admin.adminSession(host),
      force: args.has("force"),
    }, requests);
    return 0;
  },
};

/** The configuration as it is now, with the schedule of its key. */
async function readOrders(
  args: Arguments,
  host: Host,
): Promise<{ config: ServerConfig; schedule: Schedule }> {
  const config = readServerConfig(await configSources(args, host));
  const { key } = await findServerKey(args.value("key"), config.key, host);
  const schedule = await Schedule.of(key, config.ports);
  checkTraps(config.traps, schedule.range);
  return { config, schedule };
}

/** How a service ends that neither removed everything itself nor is started again. */
const STUCK = "timeout";
const ROLLED_BACK = "10";

async function undo(args: Arguments, host: Host): Promise<number> {
  needRoot();
  // Behind a service (ExecStopPost=): what a crash leaves is for the restart to take over.
  const result = host.env("SERVICE_RESULT");
  const isOver = result === STUCK || host.env("EXIT_STATUS") === ROLLED_BACK;
  if (result !== undefined && !isOver) return 0;
  const time = args.value("try");
  const seconds = time === undefined ? null : asArgument(() => parseTrial(time));
  const [server, log] = await Promise.all([
    import("../server/undo.ts"),
    import("../host/log.ts"),
  ]);
  log.startLog("text");
  const { sshPort } = readServerConfig(await configSources(args, host));
  const place = { runtimeFolder: runtimeFolder(host), sshPort };
  if (seconds === null) await server.undo(place, host.clock);
  else await server.watchTrial(seconds, place, host.clock);
  return 0;
}

function needRoot(): void {
  if (isRoot()) return;
  throw new Failure("serve needs root to change the firewall", {
    hint: "run it with sudo, or look at what it would do: c3po serve --dry-run",
  });
}

/** A server has one key; the folder of the user who starts it is not looked at. */
export async function findServerKey(
  flag: string | undefined,
  configured: string | undefined,
  host: Host,
): Promise<FoundKey> {
  const elsewhere = host.env("C3PO_KEY_FILE") ?? host.env("C3PO_SECRET");
  return await findKey({ file: flag ?? (elsewhere ? undefined : configured ?? SERVER_KEY) }, host);
}

/** Where the settings of a server come from, the strongest first. */
export async function configSources(args: Arguments, host: Host): Promise<Source[]> {
  return [
    {
      label: (option) => `--${option}`,
      values: (option) => args.values(option),
      isCommandLine: true,
    },
    environment(host),
    await configFile(),
  ];
}

function environment(host: Host): Source {
  const variable = (option: string): string => `C3PO_${option.replaceAll("-", "_").toUpperCase()}`;
  return {
    label: (option) => `$${variable(option)}`,
    values: (option) => {
      const value = host.env(variable(option));
      return value === undefined ? [] : [value];
    },
    isCommandLine: false,
  };
}

async function configFile(): Promise<Source> {
  const text = await readText(CONFIG_FILE);
  try {
    return fileSource(text === null ? {} : parseToml(text), CONFIG_FILE);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Failure(`${CONFIG_FILE} is not TOML: ${error.message.replace(/\s+/g, " ")}`);
  }
}
