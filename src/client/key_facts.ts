import { fingerprint } from "../schedule/fingerprint.ts";
import { type Key, type MasterKey, rangeOf, type Scheme, schemeOf } from "../schedule/key.ts";
import { formatPortRange } from "../schedule/ports.ts";
import { modeOf } from "../os/files.ts";
import type { FoundKey } from "../users/key_files.ts";

/** What may be told about a key. */
export interface KeyFacts {
  /** The file, the variable that held it, or `stdin`. */
  readonly source: string;
  /** The file's permission bits in octal; null where there are none. */
  readonly mode: string | null;
  readonly scheme: Scheme;
  readonly kind: (Key | MasterKey)["kind"];
  /** The range, `LO-HI`. */
  readonly ports: string;
  /** Null where it would help to guess. */
  readonly fingerprint: string | null;
}

/** All about a key but the key. */
export async function factsOf({ key, source }: FoundKey<Key | MasterKey>): Promise<KeyFacts> {
  const isFile = !source.startsWith("$") && source !== "stdin";
  const bits = isFile ? await modeOf(source) : null;
  return {
    source,
    mode: bits === null ? null : `0${bits.toString(8).padStart(3, "0")}`,
    scheme: schemeOf(key),
    kind: key.kind,
    ports: formatPortRange(rangeOf(key)),
    fingerprint: await fingerprint(key),
  };
}
