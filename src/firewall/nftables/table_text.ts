import type { Window } from "../../schedule/windows.ts";
import type { Policy } from "../policy.ts";
import { SESSIONS_TABLE } from "./sessions.ts";
import { type Bank, banked, bankName, type Chain, chainText } from "./chains.ts";
import { datagramChains } from "./datagram_rules.ts";
import type { KernelFeatures } from "./kernel_features.ts";
import { fixedChains } from "./policy_chains.ts";
import { allSets, MARKS, TABLE, TOUCHED } from "./sets.ts";
import { windowChains } from "./window_rules.ts";

/** All chains of a policy with its windows. */
export function allChains(
  policy: Policy,
  windows: readonly Window[],
  features: KernelFeatures,
  bank: Bank = 0,
): Chain[] {
  return [
    ...changingChains(policy, windows).flatMap((chain) =>
      chain.hasMaps ? banked(chain, bank) : [chain]
    ),
    ...fixedChains(policy, features),
  ];
}

/** Those that change with the windows. */
function changingChains(policy: Policy, windows: readonly Window[]): Chain[] {
  return [...windowChains(policy, windows), ...datagramChains(policy, windows)];
}

/** One transaction that makes the sets, or leaves them as they are. */
export function setsText(capacity: number): string {
  const sets = allSets(capacity);
  return [
    `table ${TABLE} {`,
    ...sets.map(({ kind, name, definition }) => `\t${kind} ${name} { ${definition} }`),
    "}",
    `add element ${TABLE} ${TOUCHED} { ${MARKS.sentinel} }`,
    "",
  ].join("\n");
}

/** What has to go before a table is loaded. */
export interface Clearance {
  /** Whether the whole table goes: it was made by another version. */
  readonly isFresh: boolean;
  /** Chains that are there and have no place any more. */
  readonly stale: readonly string[];
  /** Sets whose elements go: to make a set anew takes a tenth of the time of emptying it. */
  readonly emptied: readonly string[];
}

const NOTHING: Clearance = { isFresh: false, stale: [], emptied: [] };

/**
 * One transaction that puts a table in place of what is there, and keeps what its sets hold. Loading it
 * twice equals loading it once.
 */
export function loadText(
  chains: readonly Chain[],
  capacity: number,
  { isFresh, stale, emptied }: Clearance = NOTHING,
): string {
  return [
    `table ${SESSIONS_TABLE}`,
    `delete table ${SESSIONS_TABLE}`,
    `table ${TABLE}`,
    ...(isFresh ? [`delete table ${TABLE}`] : [
      `flush table ${TABLE}`,
      ...stale.map((name) => `delete chain ${TABLE} ${name}`),
      ...emptied.map((name) => `delete set ${TABLE} ${name}`),
    ]),
    setsText(capacity) + `table ${TABLE} {`,
    // All of them first, so that each may lead to every other.
    ...chains.map(({ name, hook }) => `\tchain ${name} { ${hook ?? ""} }`),
    chains.map((chain) => chainText({ ...chain, hook: null })).join("") + "}",
    "",
  ].join("\n");
}

/**
 * One transaction that puts the chains of other windows in place of those that are there.
 *
 * @param bank the one that holds no rules yet
 */
export function openText(policy: Policy, windows: readonly Window[], bank: Bank): string {
  const chains = changingChains(policy, windows).flatMap((chain) => {
    if (!chain.hasMaps) return [chain];
    const old = bankName(chain.name, otherBank(bank));
    return banked(chain, bank).filter(({ name }) => name !== old);
  });
  return chains.map(({ name }) => `flush chain ${TABLE} ${name}\n`).join("") +
    `table ${TABLE} {\n${chains.map(chainText).join("")}}\n`;
}

/** Commands that empty a bank which no packet is led to any more. */
export function emptyCommands(policy: Policy, bank: Bank): string[] {
  return changingChains(policy, []).filter(({ hasMaps }) => hasMaps)
    .map(({ name }) => `flush chain ${TABLE} ${bankName(name, bank)}`);
}

/** The one of the two that is not meant. */
export function otherBank(bank: Bank): Bank {
  return bank === 0 ? 1 : 0;
}
