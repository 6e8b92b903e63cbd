import { tryTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/**
 * The ports at which sshd answers other machines, by what `sshd -T` prints: of each address it has its own.
 *
 * @param addresses the values of `listenaddress`, such as `0.0.0.0:22` and `[::]:22`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sshdPorts(["0.0.0.0:22", "[::]:22", "192.0.2.1:2022", "127.0.0.1:77"]), [22, 2022]);
 * ```
 */
export function sshdPorts(addresses: readonly string[]): number[] {
  const outside = addresses.filter((each) => !/^(127\.|\[::1\])/.test(each));
  return [...new Set(outside.map((each) => Number(/:(\d+)(?: |$)/.exec(each)?.[1])))]
    .filter((port) => port > 0);
}

/** With conditions in its configuration sshd wants to know whom it is asked about. */
const SOMEBODY = ["-C", "user=root,host=localhost,addr=127.0.0.1"];

/**
 * What sshd goes by, as it prints it itself: each setting with its values.
 *
 * @returns null if there is no sshd, or it does not say
 */
export async function sshdSettings(): Promise<ReadonlyMap<string, readonly string[]> | null> {
  try {
    const { code, stdout } = await tryTool("sshd", ["-T", ...SOMEBODY]);
    return code === 0 ? settingsIn(stdout) : null;
  } catch (error) {
    if (error instanceof ToolFailure) return null;
    throw error;
  }
}

/**
 * Reads what `sshd -T` prints.
 *
 * @returns each setting, in lower case, with its values
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const settings = settingsIn("port 22\nPasswordAuthentication yes\nport 2022\n");
 * assertEquals([...settings], [["port", ["22", "2022"]], ["passwordauthentication", ["yes"]]]);
 * ```
 */
export function settingsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = name.toLowerCase(); // OpenSSH 10 writes some in both cases
    settings.set(known, [...settings.get(known) ?? [], value!]);
  }
  return settings;
}
