import type { Arguments } from "../cli/arguments.ts";
import { readServerConfig } from "../server/config.ts";
import { C3poError, Misuse } from "../os/errors.ts";
import type { Finding } from "../os/finding.ts";
import { checkTraps } from "../schedule/schedule.ts";
import type { Configuration } from "../server/context.ts";
import { newKey } from "../users/key_files.ts";
import { type Registry, registryOf } from "../users/registry.ts";
import { type Host, isRoot, os, runtimeFolder, stateFolder } from "../os/host.ts";
import { configSources, withUsers } from "./server_config.ts";

/** `c3po check`: this machine as a server, with the configuration that `serve` would find. */
export async function checkServer(args: Arguments, host: Host): Promise<Finding[]> {
  if (os !== "linux") {
    const todo = "to check the way to a server: c3po check HOST";
    return [{ grade: "fail", what: "system", found: "servers run on Linux only", todo }];
  }
  if (!isRoot()) {
    const todo = "run sudo c3po check; to check the connection to a server: c3po check HOST";
    return [{ grade: "fail", what: "root", found: "only root can read the firewall", todo }];
  }
  const findings: Finding[] = [];
  try {
    const config = readServerConfig(await configSources(args, host));
    const { registry, finding } = await whoIsServed(() =>
      withUsers(config, args.value("key"), host)
    );
    findings.push(finding);
    const [{ examine }, { adminSession }, { createFirewall }, { PortPlanner }, { demandOf }] =
      await Promise.all([
        import("../server/check/examine.ts"),
        import("../os/admin_session.ts"),
        import("../firewall/engines.ts"),
        import("../users/port_planner.ts"),
        import("../server/policy.ts"),
      ]);
    const demand = demandOf(config, registry.users);
    const planner = await PortPlanner.of(demand, () => Promise.resolve(newKey()));
    checkTraps(config.traps, planner.range);
    await using firewall = await createFirewall(config.firewall, host.clock);
    const folders = { runtimeFolder: runtimeFolder(host), stateFolder: stateFolder(host) };
    const asked = {
      admin: await adminSession(host),
      isProbed: args.has("probe"),
      isService: host.env("INVOCATION_ID") !== undefined,
    };
    return [
      ...findings,
      ...await examine({
        config,
        registry,
        planner,
        firewall,
        clock: host.clock,
        ...asked,
        ...folders,
      }),
    ];
  } catch (error) {
    if (!(error instanceof C3poError) || error instanceof Misuse) throw error;
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    return [...findings, { grade: "fail", what: "setup", found: error.message, ...todo }];
  }
}

/** The users, or one with a random key if there is none yet, for checks that do not depend on it. */
async function whoIsServed(
  find: () => Promise<Pick<Configuration, "server" | "registry">>,
): Promise<{ registry: Registry; finding: Finding }> {
  const what = "key";
  try {
    const { server, registry } = await find();
    const found = server?.source ?? "none of the server's own, each user has a file";
    return { registry, finding: { grade: "ok", what, found } };
  } catch (error) {
    if (!(error instanceof C3poError) || error instanceof Misuse) throw error;
    const todo = error.hint === undefined ? {} : { todo: error.hint };
    const registry = await registryOf([], { key: newKey(), source: "" });
    return { registry, finding: { grade: "fail", what, found: error.message, ...todo } };
  }
}
