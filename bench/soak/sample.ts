import type { Filter, Namespace } from "../../tests/kernel/lab.ts";
import { type CpuMeter, memoryOf, tree } from "../side/harness/meter.ts";

/** What `serve` and its tools had at one moment. */
export interface Sample {
  /** Unix milliseconds. */
  readonly at: number;
  /** The load of the machine, over a minute. */
  readonly load: number;
  readonly values: Values;
  /** Entries by the name of the set. */
  readonly sets: Readonly<Record<string, number>>;
}

/** Figures of a sample. Memory is in megabytes. */
export interface Values {
  /** Resident, of `serve` itself. */
  readonly residentMb: number;
  /** No part of a file, of `serve` itself. */
  readonly ownMb: number;
  /** With the tools that it keeps running. */
  readonly allResidentMb: number;
  readonly allOwnMb: number;
  /** Open files of `serve` itself. */
  readonly descriptors: number;
  readonly threads: number;
  /** `serve` and the tools that it keeps running. */
  readonly processes: number;
  /** Processor time since the start, in milliseconds, with all tools that came and went. */
  readonly cpuMs: number;
}

/** Looks at everything, once. @param pid of `serve` */
export async function sampleOf(
  server: Namespace,
  engine: Filter,
  pid: number,
  meter: CpuMeter,
): Promise<Sample> {
  const all = await memoryOf(pid);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
  return {
    at: Date.now(),
    load: Deno.loadavg()[0]!,
    values: {
      residentMb: megabytes(all.itselfKb),
      ownMb: megabytes(field("RssAnon")),
      allResidentMb: megabytes(all.residentKb),
      allOwnMb: megabytes(all.privateKb),
      descriptors: (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length,
      threads: field("Threads"),
      processes: (await tree(pid)).length,
      cpuMs: Math.round(await meter.ms()),
    },
    sets: engine === "nftables" ? await nftSets(server) : await ipsets(server),
  };
}

async function ipsets(server: Namespace): Promise<Record<string, number>> {
  const text = await server.must("ipset", ["list", "-terse"]);
  const found = text.matchAll(/^Name: (.+)\n(?:.+\n)*?Number of entries: (\d+)$/gm);
  return Object.fromEntries([...found].map(([, name, count]) => [name!, Number(count)]));
}

/** The part of nft's JSON that counts. */
interface NftListing {
  readonly nftables: readonly {
    readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
    readonly map?: { readonly name: string; readonly elem?: readonly unknown[] };
  }[];
}

async function nftSets(server: Namespace): Promise<Record<string, number>> {
  const text = await server.must("nft", ["-j", "list", "table", "inet", "c3po"]);
  const { nftables }: NftListing = JSON.parse(text);
  return Object.fromEntries(
    nftables.flatMap(({ set, map }) => set ?? map ?? []).map(({ name, elem = [] }) => [
      name,
      elem.length,
    ]),
  );
}

/** With one digit behind the point. */
function megabytes(kb: number): number {
  return Number((kb / 1024).toFixed(1));
}
