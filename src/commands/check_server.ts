import type { Arguments } from "../core/arguments.ts";
import { readServerConfig } from "../core/config.ts";
import { C3poError, Misuse } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { checkTraps, Schedule } from "../core/schedule.ts";
import { runtimeFolder, stateFolder } from "../host/folders.ts";
import { type Host, isRoot, os } from "../host/host.ts";
import { configSources, findServerKey } from "./serve.ts";

/** `c3po check`: this machine as a server, with the configuration that `serve` would find. */
export async function checkServer(args: Arguments, host: Host): Promise<Finding[]> {
  if (os !== "linux") {
    const todo = "to check the way to a server: c3po check HOST";
    return [{ grade: "fail", what: "system", found: "servers run on Linux only", todo }];
  }
  if (!isRoot()) {
    const todo = "sudo c3po check; to check the way to a server: c3po check HOST";
    return [{ grade: "fail", what: "root", found: "only root can look at the firewall", todo }];
  }
  const findings: Finding[] = [];
  try {
    const config = readServerConfig(await configSources(args, host));
    const { key, source } = await findServerKey(args.value("key"), config.key, host);
    const schedule = await Schedule.of(key, config.ports);
    checkTraps(config.traps, schedule.range);
    findings.push({ grade: "ok", what: "key", found: source });
    const [{ examine }, { adminSession }] = await Promise.all([
      import("../server/check/examine.ts"),
      import("../host/admin.ts"),
    ]);
    const folders = { runtimeFolder: runtimeFolder(host), stateFolder: stateFolder(host) };
    const asked = {
      admin: await adminSession(host),
      isService: host.env("INVOCATION_ID") !== undefined,
    };
    return [
      ...findings,
      ...await examine({ config, schedule, clock: host.clock, ...asked, ...folders }),
    ];
  } catch (error) {
    if (!(error instanceof C3poError) || error instanceof Misuse) throw error;
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    return [...findings, { grade: "fail", what: "setup", found: error.message, ...todo }];
  }
}
