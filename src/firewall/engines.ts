import type { Clock } from "../os/clock.ts";
import { C3poError } from "../os/errors.ts";
import { isRoot } from "../os/host.ts";
import { hasTool } from "../os/tool.ts";
import { settleToolGroup } from "../os/tool_group.ts";
import type { EngineName, Firewall, KERNEL_ENGINES } from "./firewall.ts";
import { isUnsupported } from "./other_tools/kernel_support.ts";
import { savedFiles } from "./other_tools/saved_files.ts";

/** What may be asked for: an engine by name, or the first that works here. */
export type EngineChoice = "auto" | EngineName;

/** The engines of a kernel. To add one is a folder, its name in firewall.ts, and a row here. */
const ENGINES = {
  iptables: {
    tools: ["iptables", "ipset"],
    open: async (clock: Clock): Promise<Firewall> =>
      new (await import("./iptables/engine.ts")).IptablesFirewall({ clock }),
  },
  nftables: {
    tools: ["nft"],
    open: async (clock: Clock): Promise<Firewall> =>
      new (await import("./nftables/engine.ts")).NftablesFirewall({ clock }),
  },
} as const satisfies Record<KernelEngine, unknown>;

type KernelEngine = (typeof KERNEL_ENGINES)[number];

/**
 * Opens a packet filter. `auto` is the engine whose rules are loaded already, else the first whose tools are
 * there and read what is loaded on this machine.
 *
 * @throws {Failure} if none works
 */
export async function createFirewall(choice: EngineChoice, clock: Clock): Promise<Firewall> {
  await settleToolGroup(); // an engine starts many
  if (choice !== "auto" && choice !== "memory") return await ENGINES[choice].open(clock);
  const present: Firewall[] = [];
  for (const { tools, open } of Object.values(ENGINES)) {
    if (await haveAll(tools)) present.push(await open(clock));
  }
  // Only root may read what is loaded; without it there is a preview at most.
  if (!isRoot()) return present[0] ?? await ENGINES.iptables.open(clock);
  for (const firewall of present) if (await isLoaded(firewall)) return firewall;
  for (const firewall of present.slice(0, -1)) {
    try {
      await firewall.examine();
      return firewall;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error; // the next one may do
    }
  }
  return present.at(-1) ?? await ENGINES.iptables.open(clock);
}

/** The engines whose tools are here, and for which the kernel has a part. */
export async function allEngines(clock: Clock): Promise<Firewall[]> {
  return await otherEngines(null, clock);
}

/** These engines, but for one. */
export async function otherEngines(
  engine: EngineName | null,
  clock: Clock,
): Promise<Firewall[]> {
  const others: Firewall[] = [];
  for (const name of Object.keys(ENGINES) as KernelEngine[]) {
    const { tools, open } = ENGINES[name];
    if (name === engine || !await haveAll(tools)) continue;
    const other = await open(clock);
    if (await isSupported(other)) others.push(other);
    else await other[Symbol.asyncDispose]();
  }
  return others;
}

/** Whether the kernel has a part for an engine: Debian installs nft, whatever the kernel. */
async function isSupported(firewall: Firewall): Promise<boolean> {
  try {
    await firewall.isLoaded();
    return true;
  } catch (error) {
    return !isUnsupported(error); // any other trouble is for those to see who use it
  }
}

async function isLoaded(firewall: Firewall): Promise<boolean> {
  try {
    return await firewall.isLoaded();
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
}

/**
 * Makes what rules of C3PO's that were saved with the rest of a firewall need in order to load. Without such
 * files it does nothing.
 *
 * @returns how many sets those rules name
 */
export async function prepareForSaved(): Promise<number> {
  const files = (await savedFiles()).filter(({ by }) => by === "iptables-restore");
  const sets = [...new Set(files.flatMap(({ sets }) => sets))];
  if (sets.length > 0) {
    const { makeEmptySets } = await import("./iptables/prepare.ts");
    await makeEmptySets(sets);
  }
  return sets.length;
}

async function haveAll(tools: readonly string[]): Promise<boolean> {
  return (await Promise.all(tools.map(hasTool))).every((isThere) => isThere);
}
