import { Failure } from "./errors.ts";
import { isRoot, os } from "./host.ts";

/**
 * Makes sure that this may change the packet filter.
 *
 * @throws {Failure} without root, or where there are no servers
 */
export function needRoot(): void {
  if (os !== "linux") throw new Failure("the server runs on Linux only");
  if (isRoot()) return;
  throw new Failure("only root can change the packet filter", { hint: "run it with sudo" });
}
