import { parseAddress } from "./address.ts";
import { parseStat } from "./process_stat.ts";
import type { Host } from "./host.ts";
import { readProc } from "./procfs.ts";
import { parentProcess } from "./self.ts";
import { sessionsAt } from "./sockets.ts";
import { ToolFailure } from "./tool_failure.ts";

/** The SSH session of the administrator. */
export interface AdminSession {
  /** Where the administrator sits. */
  readonly address: string;
  /** The address of this machine that the session goes to. */
  readonly serverAddress: string;
  /** The port that sshd took it at. */
  readonly serverPort: number;
}

/** No line of processes between a login and a command is longer. */
const MOST_PARENTS = 32;

/**
 * The SSH session this program is started from. `sudo` takes `SSH_CONNECTION` out of the environment,
 * so the environments of the processes above are looked at too.
 *
 * @returns null if there is none, or its connection is not one of this network namespace
 */
export async function adminSession(host: Host): Promise<AdminSession | null> {
  try {
    const variable = host.env("SSH_CONNECTION") ?? await inheritedFrom(parentProcess());
    const session = readSession(variable);
    if (session === null) return null;
    const live = await sessionsAt(session.serverPort);
    return live.some(({ address }) => address === session.address) ? session : null;
  } catch (error) {
    if (error instanceof ToolFailure) return null; // a courtesy must not keep serve from starting
    throw error;
  }
}

async function inheritedFrom(start: number): Promise<string | undefined> {
  for (let pid = start, steps = 0; pid > 1 && steps < MOST_PARENTS; steps++) {
    const environment = await readProc(`/proc/${pid}/environ`);
    const variable = environment.split("\0").find((each) => each.startsWith("SSH_CONNECTION="));
    if (variable !== undefined) return variable.replace(/^.*?=/, "");
    pid = parseStat(await readProc(`/proc/${pid}/stat`))?.parent ?? 0;
  }
  return undefined;
}

function readSession(text: string | undefined): AdminSession | null {
  const [address, , serverAddress, serverPort] = text?.split(" ") ?? [];
  if (address === undefined || serverAddress === undefined || serverPort === undefined) return null;
  return {
    address: parseAddress(address.replace(/%.*$/, "")).text,
    serverAddress: parseAddress(serverAddress.replace(/%.*$/, "")).text,
    serverPort: Number(serverPort),
  };
}
