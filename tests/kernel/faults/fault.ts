// What can go wrong: which call of which tool, and how.
import { join } from "@std/path";

export const PHASES = ["load", "renewal", "repair", "stop"] as const;
const MODES = ["fail", "kill", "hang", "late", "half"] as const;
const ALL = Deno.env.get("C3PO_FAULTS") === "all";
/** So many calls that change the kernel, and that only read, go wrong in a phase, unless all do. */
const CHANGING = 3, READING = 2;

export type Phase = (typeof PHASES)[number];
type Mode = (typeof MODES)[number];

/** A call of a tool, as it was seen when all went well. */
export interface Call {
  readonly phase: string;
  readonly tool: string;
  /** Which of the calls of that tool in that phase. */
  readonly number: number;
  readonly call: string;
}

/** A call that goes wrong. */
export interface Fault {
  readonly phase: Phase;
  readonly mode: Mode;
  /** What its command line looks like, as a pattern of a shell. */
  readonly kind: string;
  /** Which of the calls of that kind in that phase. */
  readonly number: number;
}

/** The calls that the tools of a server noted in a folder. */
export async function callsIn(folder: string): Promise<Call[]> {
  const calls: Call[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const [, phase, tool, number] = /^([a-z]+)\.(.+)\.(\d+)$/.exec(name) ?? [];
    if (phase === undefined) continue;
    const call = (await Deno.readTextFile(join(folder, name))).trim();
    calls.push({ phase, tool: tool!, number: Number(number), call });
  }
  return calls.sort((a, b) => a.tool.localeCompare(b.tool) || a.number - b.number);
}

/** What goes wrong, one after the other, in a phase. @param lives all calls of it, each time it was gone through */
export function faultsOf(phase: Phase, lives: readonly (readonly Call[])[]): Fault[] {
  const [calls, ...others] = lives.map((life) => countKinds(life));
  // What is called only sometimes cannot be counted on to go wrong.
  const steady = [...calls!].filter(([kind]) => others.every((other) => other.has(kind)));
  if (ALL) {
    return steady.flatMap(([kind, count]) =>
      modesFor(kind).flatMap((mode) =>
        Array.from({ length: count }, (_, number): Fault => ({ phase, mode, kind, number }))
      )
    );
  }
  const kinds = steady.map(([kind]) => kind);
  const chosen = [
    ...spread(kinds.filter(isChange), CHANGING),
    ...spread(kinds.filter((kind) => !isChange(kind)), READING),
  ];
  // Each phase begins with another way to fail.
  const first = PHASES.indexOf(phase);
  return chosen.map((kind, at) => {
    const modes = modesFor(kind);
    return { phase, mode: modes[(first + at) % modes.length]!, kind, number: 0 };
  });
}

/** A call that puts rules or windows in place. */
export function isRenewal({ phase, call }: Call): boolean {
  return phase === "renewal" && /^(ip6tables-restore|(env .*)?nft -f)/.test(call);
}

export function describe(fault?: Fault): string {
  if (fault === undefined) return "no fault";
  return `${fault.phase}: ${fault.kind}, call ${fault.number}: ${fault.mode}`;
}

function isChange(kind: string): boolean {
  return /restore|-f -/.test(kind);
}

/**
 * Half of a load makes sense only for what is read from standard input. A transaction of nft that hangs is waited
 * for as long as two minutes: only where all is tried.
 */
function modesFor(kind: string): readonly Mode[] {
  if (!isChange(kind)) return MODES.filter((mode) => mode !== "half");
  return ALL || !kind.includes("nft -f") ? MODES : MODES.filter((mode) => mode !== "hang");
}

/** How many calls there are of each kind: those that differ in numbers, or in how often an argument is given. */
function countKinds(calls: readonly Call[]): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const { call } of calls) {
    const kind = call.replaceAll(/\d{2,}/g, "*").replaceAll(/ (\S+)(?: \1)+(?= |$)/g, " $1*");
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

/** So many of some, as far from one another as can be. */
function spread<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, at) => all[Math.floor(at * all.length / count)]!);
}
