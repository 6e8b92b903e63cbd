import { factsOf } from "../../client/key_facts.ts";
import type { Arguments } from "../../cli/arguments.ts";
import { columns } from "../../cli/help.ts";
import { C3poError } from "../../os/errors.ts";
import type { Host } from "../../os/host.ts";
import { type KeyFile, keyFiles, readKey } from "../../users/key_files.ts";
import { parseKeyOrMaster } from "../../schedule/key_text.ts";
import { kindOf } from "./kind.ts";

/** A row of the list: all about a key but the key, or what is wrong with its file. */
interface Row {
  readonly host: string;
  readonly file: string;
  readonly kind: string | null;
  readonly ports: string | null;
  readonly fingerprint: string | null;
  readonly error: string | null;
}

/** `c3po key list`: answers with this user's keys. */
export async function listKeys(
  args: Arguments,
  _operands: readonly string[],
  host: Host,
): Promise<number> {
  const rows = await Promise.all((await keyFiles(host)).map(rowOf));
  if (args.has("json")) {
    host.terminal.out(`${JSON.stringify(rows)}\n`);
    return 0;
  }
  if (rows.length === 0) {
    host.terminal.note("c3po: no keys yet");
    return 0;
  }
  const head = ["HOST", "KIND", "PORTS", "FINGERPRINT", "FILE"];
  const lines = rows.map(({ host, kind, ports, fingerprint, file, error }) =>
    error === null
      ? [host, kind!, ports!, fingerprint ?? "none", file]
      : [host, "unusable", "-", "-", file]
  );
  host.terminal.out(columns([head, ...lines]));
  for (const { error } of rows) if (error !== null) host.terminal.note(`c3po: ${error}`);
  return 0;
}

async function rowOf({ host, file }: KeyFile): Promise<Row> {
  try {
    const found = (await readKey(file, parseKeyOrMaster))!;
    const { ports, fingerprint } = await factsOf(found);
    return { host, file, kind: kindOf(found.key), ports, fingerprint, error: null };
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    return { host, file, kind: null, ports: null, fingerprint: null, error: error.message };
  }
}
