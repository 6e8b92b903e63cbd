import { fromFileUrl } from "@std/path";
import type { Namespace } from "./namespace.ts";
import { waitFor } from "./wait.ts";

const PROBE = fromFileUrl(new URL("./probe.ts", import.meta.url));

/** How a TCP connection ended: accepted, answered by a reset, or not answered in time. */
export type Reach = "open" | "refused" | "timeout" | "unreachable";

/** What a bare SYN met: a SYN-ACK, a reset, or silence. */
export type SynAnswer = "open" | "closed" | "filtered";

export interface Target {
  address: string;
  port: number;
  timeoutMs: number;
  /** A local address of the prober to connect from; see `Lab.addRange`. */
  source?: string;
}

/** Connects from `from` to every target, many at once, and says in their order how each ended. */
export async function probeAll(from: Namespace, targets: Target[]): Promise<Reach[]> {
  const stdout = await from.must(Deno.execPath(), ["run", "--no-prompt", "-A", PROBE], {
    stdin: JSON.stringify(targets),
  });
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Makes one real TCP connection (full handshake, closed at once). */
export async function probe(
  from: Namespace,
  address: string,
  port: number,
  timeoutMs = 1000,
  source?: string,
): Promise<Reach> {
  const [outcome] = await probeAll(from, [{
    address,
    port,
    timeoutMs,
    ...source ? { source } : {},
  }]);
  return outcome!;
}

/** Sends exactly one SYN, from one of the addresses of `from`, and never completes the handshake. */
export async function syn(
  from: Namespace,
  address: string,
  port: number,
  { source }: { source?: string } = {},
): Promise<SynAnswer> {
  const own = source ? ["-S", source, "-e", "eth0"] : [];
  const states = await nmap(from, address, String(port), ["-sS", "--max-retries", "0", ...own]);
  return states.get(port)!;
}

/** Sends exactly one SYN that claims to come from somebody else; the answer goes there. */
export async function forgeSyn(
  from: Namespace,
  source: string,
  address: string,
  port: number,
): Promise<void> {
  if (source.includes(":")) {
    await syn(from, address, port, { source });
    return;
  }
  // nmap asks the kernel for a route from the source, and IPv4 knows none from an address it does not have.
  const once = ["--tcp", "--flags", "syn", "-c", "1", "--no-capture"];
  const args = [...once, "-S", source, "-e", "eth0", "-p", String(port), address];
  // nping now and then ends before it sends, and says so.
  await waitFor(async () => /packets sent: 1 /.test(await from.must("nping", args)), {
    what: `SYN sent from ${source}`,
  });
}

export interface ScanOptions {
  /** As nmap takes them: `1-65535` (the default), `22,80`, … */
  ports?: string;
  /** `sS` sends bare SYNs, `sT` completes every connection, and the others send what opens none. */
  type?: "sS" | "sT" | "sA" | "sF" | "sN" | "sX";
  /** Appended to nmap's options, such as `--min-rate`. */
  extra?: string[];
}

/**
 * For a scan that has to see every port of a machine that answers, though a busy one may lose some of the
 * answers: where nearly all ports answer, it takes no longer.
 */
export const PATIENT_SCAN = ["--max-retries", "10"];

/**
 * Scans as an attacker in a hurry does, but patiently enough for a busy machine to answer every
 * probe; gives the state of every scanned port.
 */
export function nmapScan(
  from: Namespace,
  address: string,
  { ports = "1-65535", type = "sS", extra = [] }: ScanOptions = {},
): Promise<Map<number, SynAnswer>> {
  return nmap(from, address, ports, [
    `-${type}`,
    "--max-retries",
    "4",
    // More at once than a busy machine can hold are lost and sent again, at twenty times the processor time.
    "--max-parallelism",
    "300",
    ...extra,
  ]);
}

async function nmap(
  from: Namespace,
  address: string,
  ports: string,
  options: string[],
): Promise<Map<number, SynAnswer>> {
  const family = address.includes(":") ? ["-6"] : [];
  const fixed = ["-n", "-Pn", "-T4", "-r", "--disable-arp-ping", "-oX", "-"];
  const words = ["nmap", ...family, ...fixed, ...options, "-p", ports, address];
  // Its machine has nothing else to do: where it waits for a processor it takes answers for lost.
  return parseScan(await from.must("nice", ["-n", "-15", ...words]));
}

/** nmap lists the interesting ports one by one and the others as ranges, with the reason they share. */
export function parseScan(xml: string): Map<number, SynAnswer> {
  const states = new Map<number, SynAnswer>();
  for (
    const [, state, body] of xml.matchAll(/<extraports state="(\w+)".*?>(.*?)<\/extraports>/gs)
  ) {
    for (const [, ranges] of body!.matchAll(/ proto="tcp" ports="([\d,-]+)"/g)) {
      for (const range of ranges!.split(",")) {
        const [low, high = low] = range.split("-").map(Number);
        for (let port = low!; port <= high!; port++) states.set(port, state as SynAnswer);
      }
    }
  }
  for (
    const [, port, state] of xml.matchAll(
      /<port protocol="tcp" portid="(\d+)"><state state="(\w+)"/g,
    )
  ) {
    states.set(Number(port), state as SynAnswer);
  }
  return states;
}
