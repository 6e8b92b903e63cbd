import { asSource, Malformed } from "../os/errors.ts";
import { checkName } from "../schedule/derivation.ts";
import { ADMIN } from "./line.ts";
import { parseNameList } from "./name_list.ts";
import { type PublicKey, readPublicKey } from "./signature.ts";

/** The servers of a fleet: the public key of each, by its id. */
export type Members = ReadonlyMap<string, PublicKey>;

/**
 * Reads a list of members, a line for each: `NAME PUBLIC-KEY`.
 *
 * @param where the file, for messages
 * @throws {Failure} with the number of the line
 */
export async function readMembers(text: string, where: string): Promise<Members> {
  const listed = asSource(where, () =>
    parseNameList(text, ({ name, words }) => {
      checkName("member", name);
      if (name === ADMIN) throw new Malformed(`no member can be named "${ADMIN}"`);
      if (words.length !== 1) throw new Malformed(`"${name}" needs one public key`);
    }));
  const members = new Map<string, PublicKey>();
  for (const { name, words: [key] } of listed) members.set(name, await keyOf(name, key!, where));
  return members;
}

async function keyOf(name: string, text: string, where: string): Promise<PublicKey> {
  try {
    return await readPublicKey(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    asSource(`${where}: key of "${name}"`, () => {
      throw error;
    });
    throw error;
  }
}
