import type { HostKeySearch } from "../client/host_key.ts";
import type { Arguments } from "./arguments.ts";
import { asArgument } from "../os/errors.ts";
import { parseCount } from "../schedule/ports.ts";

/** Why the key of a session cannot come from stdin. */
export const STDIN_IS_TAKEN =
  "cannot read the key from stdin, the session uses it: use C3PO_SECRET or a file";

/**
 * How many traps the server sets, as the user says.
 *
 * @returns undefined if the user does not say: any number is possible then
 */
export function trapsTold(args: Arguments): number | undefined {
  const value = args.value("traps");
  return value === undefined ? undefined : asArgument(() => parseCount(value));
}

/**
 * Where to look for the key of a host, as `--key`, `--as` and `--service` say.
 *
 * @param name the host as typed
 * @param resolve asks for its name behind that
 */
export function hostKeySearch(
  args: Arguments,
  name: string | undefined,
  resolve: () => Promise<string | null>,
): HostKeySearch {
  const [file, as, service] = ["key", "as", "service"].map((option) => args.value(option));
  return { file, name, resolve, as, service };
}
