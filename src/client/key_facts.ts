import { fingerprint } from "../core/fingerprint.ts";
import { type Key, rangeOf, type Scheme, schemeOf } from "../core/key.ts";
import { formatPortRange } from "../core/ports.ts";
import { modeOf } from "../host/files.ts";
import type { FoundKey } from "../host/keyring.ts";

/** What may be told about a key. */
export interface KeyFacts {
  /** The file, or the variable that held it. */
  readonly source: string;
  /** The file's permission bits in octal; null where there are none. */
  readonly mode: string | null;
  readonly scheme: Scheme;
  readonly kind: Key["kind"];
  /** The range, `LO-HI`. */
  readonly ports: string;
  /** Null where it would help to guess. */
  readonly fingerprint: string | null;
}

/** All about a key but the key. */
export async function factsOf({ key, source }: FoundKey): Promise<KeyFacts> {
  const bits = source.startsWith("$") ? null : await modeOf(source);
  return {
    source,
    mode: bits === null ? null : `0${bits.toString(8).padStart(3, "0")}`,
    scheme: schemeOf(key),
    kind: key.kind,
    ports: formatPortRange(rangeOf(key)),
    fingerprint: await fingerprint(key),
  };
}
