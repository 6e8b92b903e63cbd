import { Malformed } from "../../../os/errors.ts";

/** A rule of nftables, as `nft -j` prints it. */
export interface JsonRule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr: readonly Expression[];
  readonly comment?: string;
  readonly handle: number;
}

/** A chain; one that the kernel calls has a hook. */
export interface JsonChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** A set or a map that has a name. */
export interface JsonSet {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type: string | readonly string[];
  readonly isMap: boolean;
}

// deno-lint-ignore no-explicit-any -- a tree of some fifty kinds of nodes, each read where it is known
export type Expression = any;

/** All of a rule set. */
export interface JsonRuleset {
  readonly rules: readonly JsonRule[];
  readonly chains: readonly JsonChain[];
  readonly sets: readonly JsonSet[];
}

/**
 * Reads what `nft -j list ruleset` prints.
 *
 * @throws {Malformed} if it is no JSON
 */
export function parseRuleset(json: string): JsonRuleset {
  const nftables = expressionsOf(json);
  return {
    rules: nftables.flatMap(({ rule }) => rule ?? []),
    chains: nftables.flatMap(({ chain }) => chain ?? []),
    sets: nftables.flatMap(({ set, map }) =>
      set !== undefined
        ? [{ ...set, isMap: false }]
        : map !== undefined
        ? [{ ...map, isMap: true }]
        : []
    ),
  };
}

function expressionsOf(json: string): Expression[] {
  try {
    return JSON.parse(json).nftables;
  } catch (error) {
    throw new Malformed(`nft printed rules that are not JSON: ${(error as SyntaxError).message}`);
  }
}

/** What tells a chain, a set or a table from every other. */
export function placeOf(
  { family, table }: { family: string; table: string },
  name: string,
): string {
  return `${family} ${table} ${name}`;
}

/** Tables of C3PO's. */
export function isOurs({ table }: { readonly table: string }): boolean {
  return table === "c3po" || table.startsWith("c3po-");
}
