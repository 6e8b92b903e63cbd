import { ipv6Network } from "../os/ipv6_network.ts";
import type { Drift } from "./firewall.ts";
import { Failure } from "../os/errors.ts";
import { runTool, tryTool } from "../os/tool.ts";
import { ToolFailure } from "../os/tool_failure.ts";

/**
 * What the kernel knows the routes of C3PO by: the number of the protocol that put them there, of which the
 * daemons of routing have others. So those of a run that died are found without a note of them.
 */
const PROTOCOL = "195";

const OURS = ["table", "local", "proto", PROTOCOL];

const GONE: Drift = { kind: "rules", what: "route of the door" };

/**
 * Makes the network of a door this machine's own, and no other network any more that was one before. Behind
 * the rules: until then nothing answers there. A route that the administrator has put there will do, and
 * stays.
 *
 * @param door in CIDR notation; undefined if there is none
 * @throws {ToolFailure} if the kernel has no IPv6 or the route cannot be put there
 */
export async function routeDoor(door: string | undefined): Promise<void> {
  const present = await doorRoutes();
  if (door !== undefined && !present.includes(door) && !await isDoorLocal(door)) {
    await runTool("ip", ["-6", "route", "add", "local", door, "dev", "lo", "proto", PROTOCOL]);
  }
  for (const other of present.filter((each) => each !== door)) await removeRoute(other);
}

/** Takes the routes of all doors away, also those of an earlier run. */
export async function unrouteDoors(): Promise<void> {
  await routeDoor(undefined);
}

/** What another tool did to the route of a door. */
export async function doorRouteDrift(door: string | undefined): Promise<Drift[]> {
  if (door === undefined) return [];
  return await isDoorLocal(door) ? [] : [GONE];
}

async function isDoorLocal(door: string): Promise<boolean> {
  return (await ipv6Network()).local.includes(door);
}

/** The command that puts the route of a door there, as a comment and a line; empty without one. */
export function doorRoutePreview(door: string | undefined): string {
  if (door === undefined) return "";
  return `# ip -6 -batch -\nroute add local ${door} dev lo proto ${PROTOCOL}\n`;
}

/** The networks that C3PO made local; none where there is no `ip`, or no IPv6. */
async function doorRoutes(): Promise<string[]> {
  try {
    const { code, stdout } = await tryTool("ip", ["-6", "route", "show", ...OURS]);
    return code === 0 ? [...stdout.matchAll(/^local (\S+) /gm)].map(([, network]) => network!) : [];
  } catch (error) {
    if (error instanceof ToolFailure && error.isMissing) return [];
    throw error;
  }
}

/** Another tool may have been faster. */
async function removeRoute(network: string): Promise<void> {
  const args = ["-6", "route", "del", "local", network, "dev", "lo", "proto", PROTOCOL];
  const { code, stderr } = await tryTool("ip", args);
  if (code !== 0 && (await doorRoutes()).includes(network)) {
    throw new Failure(`cannot remove the route of the door: ${stderr.trim()}`, {
      hint: `remove it by hand: ip ${args.join(" ")}`,
    });
  }
}
