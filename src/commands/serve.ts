import type { Arguments } from "../cli/arguments.ts";
import type { Command } from "../cli/command.ts";
import { AlreadyRunning, asArgument, C3poError, Failure, NotRetryable } from "../os/errors.ts";
import { mayPass } from "../os/files.ts";
import { type Host, isRoot, os, runtimeFolder, stateFolder } from "../os/host.ts";
import { parseTrial, SERVER_OPTIONS } from "../server/options.ts";
import { CONFIG_FILE, configSources, readConfiguration } from "./server_config.ts";

/** `c3po serve`: the server. */
export const serve: Command = {
  name: "serve",
  summary: "run the server: open the ports of each minute, ban scanners (root, Linux)",
  usage: ["serve [options]"],
  options: [
    ...SERVER_OPTIONS,
    { name: "dry-run", text: "print every rule and set that would be loaded; change nothing" },
    { name: "force", text: "start even if that may lock you out" },
    {
      name: "sets",
      text: "make the sets that saved rules of C3PO's need in order to load, and exit",
    },
    {
      name: "undo",
      text: "remove what serve left in the kernel when it died or stopped, and exit",
    },
  ],
  about: [
    `Each option is also a key of ${CONFIG_FILE} (with _ for -) and an environment variable ` +
    "(C3PO_TRAPS for --traps). Flags override the environment, the environment overrides the file.",
    "--undo --try D is the watchdog of a trial: it waits until its standard input is closed or D is " +
    "over. As ExecStopPost= of a service, where $SERVICE_RESULT is set, --undo only acts if no " +
    "restart follows: after a hung serve was killed, unless something is to fail closed, or a trial failed.",
    "--sets makes, before the firewall of this machine is loaded from a file that was saved while serve " +
    "ran, the empty sets that C3PO's rules in it name (c3po-sets.service).",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    if (os !== "linux") throw new Failure("the server runs on Linux only");
    if (args.has("undo")) return await undo(args, host);
    if (args.has("sets")) return await makeSets();
    const isPreview = args.has("dry-run");
    if (!isPreview) needRoot();
    const configuration = await readConfiguration(args, host).catch((error) =>
      notRetryable(error, host)
    );
    const { config } = configuration;
    // Loaded only here, so that clients start without it.
    if (isPreview) {
      for (const { file, message } of configuration.registry.problems) {
        host.terminal.note(`c3po: warning: "${file}": ${message}`);
      }
      const { preview } = await import("../server/preview.ts");
      host.terminal.out(await preview(configuration, stateFolder(host), host.clock));
      return 0;
    }
    const [server, admin, log, signals, notify] = await Promise.all([
      import("../server/serve.ts"),
      import("../os/admin_session.ts"),
      import("../os/log.ts"),
      import("../os/signals.ts"),
      import("../os/notify.ts"),
    ]);
    log.startLog(config.logFormat, host.env("JOURNAL_STREAM") !== undefined);
    const supervised = host.env("NOTIFY_SOCKET") !== undefined;
    using requests = signals.signalRequests(supervised);
    const folders = { runtimeFolder: runtimeFolder(host), stateFolder: stateFolder(host) };
    using service = notify.serviceManager(host, folders.runtimeFolder);
    await server.serve({
      configuration,
      reread: () => readConfiguration(args, host),
      clock: host.clock,
      ...folders,
      service,
      admin: await admin.adminSession(host),
      force: args.has("force"),
    }, requests).catch((error) => {
      if (error instanceof AlreadyRunning) notRetryable(error, host);
      throw error;
    });
    return 0;
  },
};

/** Has a service manager not try again what only a person can mend. */
function notRetryable(error: unknown, host: Host): never {
  if (!(error instanceof C3poError) || host.env("NOTIFY_SOCKET") === undefined) throw error;
  if (mayPass(error)) throw error;
  throw new NotRetryable(error.message, {
    ...error.hint === undefined ? {} : { hint: error.hint },
    cause: error,
  });
}

/** For a firewall that was saved while C3PO ran: without their sets its loader would refuse all rules. */
async function makeSets(): Promise<number> {
  needRoot();
  const { prepareForSaved } = await import("../firewall/engines.ts");
  await prepareForSaved();
  return 0;
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
  // The kernel closes what is open by itself, and keeps closed what is not to open without serve.
  if (result === STUCK && await failsClosed(args, host)) return 0;
  const time = args.value("try");
  const seconds = time === undefined ? null : asArgument(() => parseTrial(time));
  const [server, log] = await Promise.all([
    import("../server/undo.ts"),
    import("../os/log.ts"),
  ]);
  log.startLog("text");
  if (seconds === null) await server.undo(host.clock);
  else await server.watchTrial(seconds, host.clock);
  return 0;
}

async function failsClosed(args: Arguments, host: Host): Promise<boolean> {
  try {
    const [{ readServerConfig }, { policyAfter }] = await Promise.all([
      import("../server/config.ts"),
      import("../server/policy.ts"),
    ]);
    return policyAfter(readServerConfig(await configSources(args, host)), 0) !== null;
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    return false; // a file that cannot be read is no reason to leave a server shut
  }
}

function needRoot(): void {
  if (isRoot()) return;
  throw new Failure("serve needs root to change the firewall", {
    hint: "run it with sudo, or preview the changes: c3po serve --dry-run",
  });
}
