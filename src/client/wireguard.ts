import { Failure, Malformed } from "../os/errors.ts";
import { printable } from "../os/printable.ts";
import type { Result } from "../os/child.ts";
import { tryTool } from "../os/tool.ts";
import { ToolFailure } from "../os/tool_failure.ts";

/** A peer of a WireGuard interface, and where it is reached. */
export interface Peer {
  /** Its public key. */
  readonly key: string;
  /** The address of its endpoint, without the port; null if it has none. */
  readonly address: string | null;
}

/** An interface of Linux: no more than 15 characters, and none that a tool would take for an option. */
const INTERFACE = /^[A-Za-z0-9_=+.][A-Za-z0-9_=+.-]{0,14}$/;
/** 32 bytes. */
const PUBLIC_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
/** `wg` resolves names itself, and would try for minutes where the resolver is behind the tunnel. */
const ENVIRONMENT = { WG_ENDPOINT_RESOLUTION_RETRIES: "2" };

/** @throws {Malformed} if no interface can have that name */
export function checkInterface(name: string): void {
  if (!INTERFACE.test(name)) throw new Malformed(`"${name}" is not an interface name`);
}

/** @throws {Malformed} if it is no public key of WireGuard */
export function checkPublicKey(text: string): void {
  if (PUBLIC_KEY.test(text)) return;
  throw new Malformed(`"${text}" is not a public key of WireGuard`, { hint: "see: wg show" });
}

/**
 * Reads what `wg show IFACE endpoints` prints.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const key = "Y4vpos0AJIqDRHHfjUMkoeq2NPfKzME7QCQpeiwPmWc=";
 * const [one, two] = readPeers(`${key}\t[2001:db8::7]:51820\n${key}\t(none)\n`);
 * assertEquals([one?.address, two?.address], ["2001:db8::7", null]);
 * ```
 */
export function readPeers(text: string): Peer[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [key = "", endpoint = ""] = line.split("\t");
    const [, address = null] = /^\[?([^\]]+?)(?:%[^\]]*)?\]?:\d+$/.exec(endpoint) ?? [];
    return { key, address };
  });
}

/**
 * The peers of an interface.
 *
 * @throws {Failure} if there is no such interface, or it may not be asked
 */
export async function peersOf(name: string): Promise<Peer[]> {
  return readPeers((await runWg(name, ["show", name, "endpoints"])).stdout);
}

/** What `wg` is given to have a peer reached by another port. */
export function endpointArguments(name: string, peer: string, endpoint: string): string[] {
  return ["set", name, "peer", peer, "endpoint", endpoint];
}

/**
 * Has a peer reached by another port from the next packet on. A session goes on.
 *
 * @param endpoint `HOST:PORT`
 * @throws {Failure} if the interface does not take it
 */
export async function setEndpoint(name: string, peer: string, endpoint: string): Promise<void> {
  await runWg(name, endpointArguments(name, peer, endpoint));
}

async function runWg(name: string, args: readonly string[]): Promise<Result> {
  let result: Result;
  try {
    result = await tryTool("wg", args, { env: ENVIRONMENT });
  } catch (error) {
    if (!(error instanceof ToolFailure) || !error.isMissing) throw error;
    throw new Failure("wg is not installed", { hint: "install wireguard-tools" });
  }
  if (result.code === 0) return result;
  const said = printable(result.stderr.trim().split("\n").at(-1) ?? "");
  throw new Failure(`wg cannot ${args[0]} "${name}": ${said}`, { hint: hintFor(said, name) });
}

function hintFor(said: string, name: string): string {
  if (said.includes("not permitted")) return "run it as root";
  // A kernel without the module does not know the protocol by which it would be asked.
  if (/No such device|not supported/.test(said)) return `bring it up first: wg-quick up ${name}`;
  return `see: wg show ${name}`;
}
