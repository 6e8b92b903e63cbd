import { runTool, streamTool, tryTool } from "../../os/tool.ts";
import { failureOf, ToolFailure } from "../../os/tool_failure.ts";

/**
 * Makes sure that ipset is there and the kernel answers it, also by way of `stdbuf` as IpsetProcess asks.
 *
 * @throws {ToolFailure} if not
 */
export async function findIpset(): Promise<void> {
  await runTool("ipset", ["list", "-name"]);
  try {
    await runTool("stdbuf", ["-oL", "ipset", "list", "-name"]);
  } catch (error) {
    if (!(error instanceof ToolFailure) || !error.isMissing) throw error;
    throw new ToolFailure("stdbuf", null, NO_STDBUF, STDBUF, true);
  }
}

/** BusyBox has most of coreutils, but not this. */
const NO_STDBUF = "not found on this machine, and the iptables engine hears ipset through it";
const STDBUF = "install coreutils, or use another engine: c3po serve --firewall nftables";

/** Time for as many lines as the largest sets take. */
const RESTORE_MS = 40_000;
/** Time for a few lines, of which one may free a large set. */
const FEW_MS = 5000;

/** Loads lines of `ipset restore`, at once or in parts; none at all is no work. */
export async function restoreSets(text: string | AsyncIterable<string>): Promise<void> {
  if (text === "") return;
  const isShort = typeof text === "string" && text.length < SHORT;
  const timeout = isShort ? FEW_MS : RESTORE_MS;
  await runTool("ipset", ["restore"], { stdin: text, timeout });
}

/**
 * Prints a set as `ipset save` does.
 *
 * @returns null if there is no such set
 */
export async function saveSet(name: string): Promise<string | null> {
  const { code, stdout, stderr } = await tryTool("ipset", ["save", name]);
  if (code === 0) return stdout;
  if (!(await setNames()).includes(name)) return null;
  throw failureOf(["ipset", "save", name], code, stderr);
}

/** Whether a set is there and has an element. */
export async function hasElement(name: string, element: string): Promise<boolean> {
  return (await tryTool("ipset", ["test", name, element], { timeout: PATIENCE_MS })).code === 0;
}

/** The names of all sets. */
export async function setNames(): Promise<string[]> {
  return (await runTool("ipset", ["list", "-name"], { timeout: PATIENCE_MS })).split("\n").filter((
    name,
  ) => name !== "");
}

/** Characters; what is longer may hold a million bans, which take their time. */
const SHORT = 100_000;
const PATIENCE_MS = 2000;

/** How many entries the sets of this network namespace have, by name, without listing them. */
export async function setSizes(): Promise<Map<string, number>> {
  const text = await runTool("ipset", ["list", "-terse"]);
  return new Map(
    text.split(/^Name: /m).slice(1).map((part) => {
      const [, count] = /^Number of entries: (\d+)$/m.exec(part) ?? [];
      return [part.split("\n")[0]!, Number(count ?? 0)];
    }),
  );
}

/**
 * Prints a set, as {@linkcode saveSet} does, some lines at a time.
 *
 * @throws {ToolFailure} also if there is no such set
 */
export function streamSet(name: string): AsyncGenerator<string[]> {
  return streamTool("ipset", ["save", name], "");
}
