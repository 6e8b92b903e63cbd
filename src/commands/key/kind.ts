import type { Key, MasterKey } from "../../schedule/key.ts";

/** What kind a key is, in words. */
export function kindOf({ kind }: Pick<Key | MasterKey, "kind">): string {
  return KINDS[kind];
}

const KINDS: Readonly<Record<(Key | MasterKey)["kind"], string>> = {
  random: "random key",
  master: "master key",
  passphrase: "passphrase",
  classic: "classic secret",
};
