import { type Address, type Family, parseAddress } from "../../os/address.ts";
import { ToolFailure } from "../../os/tool_failure.ts";
import type { Activity, Touch } from "../firewall.ts";
import { setNames } from "./ipset.ts";
import { drainSets } from "./ipset_text.ts";
import { readListings } from "./references.ts";
import type { IpsetProcess } from "./ipset_process.ts";
import { cameSet, confirmedSet, hitSet, nextOf, noteSets, SENTINEL, TOUCHED } from "./sets.ts";

/** Nothing happened. */
const QUIET: Activity = { hits: [], confirmed: [], arrivals: [], intact: true };

/** Reads what the rules noted. */
export class Notes {
  readonly #sets: IpsetProcess;

  constructor(sets: IpsetProcess) {
    this.#sets = sets;
  }

  /**
   * Asks one small set first: which ports were touched, whether it still has its sentinel, and how many rules
   * refer to it. Only if a port was touched are the others read.
   *
   * @param references how many rules of ours note something in it
   */
  async take(families: readonly Family[], references: number): Promise<Activity> {
    const lines: string[] = [];
    try {
      await this.#sets.print(`list ${TOUCHED.name}\n`, (more) => lines.push(...more));
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      if ((await setNames()).includes(TOUCHED.name)) throw error;
      return { ...QUIET, intact: false };
    }
    const touched = readListings(lines).get(TOUCHED.name);
    const intact = touched !== undefined && touched.references >= references &&
      touched.elements.includes(SENTINEL);
    const ports = (touched?.elements ?? []).filter((port) => port !== SENTINEL);
    return ports.length === 0
      ? { ...QUIET, intact }
      : { ...await this.#drain(families, ports), intact };
  }

  /** @param ports forgotten before the notes are read, so that what comes meanwhile is seen next time */
  async #drain(
    families: readonly Family[],
    ports: readonly string[],
  ): Promise<Omit<Activity, "intact">> {
    const hits: Touch[] = [];
    const arrivals: Touch[] = [];
    const confirmed: Address[] = [];
    const forget = ports.map((port) => `del ${TOUCHED.name} ${port} -exist\n`).join("");
    const pairs = families.flatMap(noteSets).map((set) => [set, nextOf(set)] as const);
    let name = "";
    await this.#sets.print(forget + drainSets(pairs), (lines) => {
      for (const line of lines) {
        if (line.startsWith("Name: ")) name = line.slice("Name: ".length);
        else if (isOf(hitSet, name)) hits.push(...touchIn(line));
        else if (isOf(cameSet, name)) arrivals.push(...touchIn(line));
        else if (isOf(confirmedSet, name)) confirmed.push(...addressIn(line));
      }
    });
    return { hits, arrivals, confirmed };
  }
}

/** Whether a name is that of the set that was put in the place of one. */
function isOf(pair: typeof hitSet, name: string): boolean {
  return name === nextOf(pair(4)).name || name === nextOf(pair(6)).name;
}

/** `192.0.2.1,tcp:4711 timeout 3598` */
function touchIn(line: string): Touch[] {
  const [, source, port] = /^([0-9a-f.:]+),tcp:(\d+)(?: |$)/.exec(line) ?? [];
  return source === undefined ? [] : [{ source: parseAddress(source), port: Number(port) }];
}

/** `192.0.2.1 timeout 3598` */
function addressIn(line: string): Address[] {
  const [, source] = /^([0-9a-f.:]+) timeout \d+$/.exec(line) ?? [];
  return source === undefined ? [] : [parseAddress(source)];
}
