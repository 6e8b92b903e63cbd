import type { Arguments } from "../../cli/arguments.ts";
import { asArgument } from "../../os/errors.ts";
import { writePrivate } from "../../os/files.ts";
import type { Host } from "../../os/host.ts";
import { randomBytes } from "../../os/secret.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import { type MasterKey, rangeOf } from "../../schedule/key.ts";
import { formatKey } from "../../schedule/key_text.ts";
import { formatPortRange, parsePortRange } from "../../schedule/ports.ts";

/** `c3po fleet new`: answers with the file the master key is in. */
export async function newFleet(args: Arguments, host: Host): Promise<number> {
  const [, file = "fleet.key"] = args.operands;
  const range = args.value("ports");
  const bytes = randomBytes(32);
  const key: MasterKey = range === undefined
    ? { kind: "master", bytes }
    : { kind: "master", bytes, range: asArgument(() => parsePortRange(range)) };
  await writePrivate(file, `${formatKey(key)}\n`, false);
  const ports = formatPortRange(rangeOf(key));
  const mark = await fingerprint(key);
  if (args.has("json")) {
    host.terminal.out(`${JSON.stringify({ file, ports, fingerprint: mark })}\n`);
    return 0;
  }
  host.terminal.out(`${file}\n`);
  host.terminal.note(`c3po: new master key, ports ${ports}, fingerprint ${mark}`);
  host.terminal.note("c3po: hint: keep it offline: every key of the fleet can be derived from it");
  return 0;
}
