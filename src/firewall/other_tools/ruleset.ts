import { Malformed } from "../../os/errors.ts";
import { ask } from "../nftables/nft.ts";
import { ANCHOR_TABLE } from "../nftables/sessions.ts";
import { type JsonRuleset, parseRuleset } from "./forwards/nft_json.ts";
import { isUnsupported } from "./kernel_support.ts";

/**
 * Rules, chains and sets of all tables, without elements; nothing where the kernel has no tables.
 *
 * @throws {ToolFailure} if nft does not answer
 * @throws {Malformed} if it lists what cannot be read
 */
export async function readRuleset(): Promise<JsonRuleset> {
  try {
    return parseRuleset(await ask(["-j", "-t", "list", "ruleset"]));
  } catch (error) {
    if (isUnsupported(error) && await hasNoTables()) return { rules: [], chains: [], sets: [] };
    if (!(error instanceof Malformed)) throw error;
  }
  // Before 1.0.7 nft takes the flag of a table that has an owner for a text somewhere in its memory, and
  // its JSON may end there. C3PO keeps such a table, with nothing in it that is asked for here.
  const read: JsonRuleset[] = [];
  for (const line of (await ask(["list", "tables"])).split("\n")) {
    const [, family, name] = /^table (\S+) (\S+)/.exec(line) ?? [];
    if (family === undefined || `${family} ${name}` === ANCHOR_TABLE) continue;
    read.push(parseRuleset(await ask(["-j", "-t", "list", "table", family, name!])));
  }
  return {
    rules: read.flatMap(({ rules }) => rules),
    chains: read.flatMap(({ chains }) => chains),
    sets: read.flatMap(({ sets }) => sets),
  };
}

/** Whether the kernel has none at all. It may also be one kind of what is in them that it does not know. */
async function hasNoTables(): Promise<boolean> {
  try {
    await ask(["list", "tables"]);
    return false;
  } catch (error) {
    return isUnsupported(error);
  }
}
