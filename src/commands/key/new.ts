import type { Arguments } from "../../core/arguments.ts";
import { asArgument, asSource, Failure, Misuse } from "../../core/errors.ts";
import { fingerprint } from "../../core/fingerprint.ts";
import { formatKey, type Key, parseKey, rangeOf, schemeOf } from "../../core/key.ts";
import {
  contains,
  DEFAULT_RANGE,
  formatPortList,
  formatPortRange,
  parsePortRange,
  type PortRange,
  widestGap,
} from "../../core/ports.ts";
import { writePrivate } from "../../host/files.ts";
import { type Host, isRoot } from "../../host/host.ts";
import { SERVER_KEY, userKeyFile } from "../../host/keyring.ts";
import { canAsk, randomBytes, readSecret } from "../../host/secret.ts";

/** `c3po key new`: answers with the file the key is in. */
export async function newKey(
  args: Arguments,
  [named]: readonly string[],
  host: Host,
): Promise<number> {
  const file = named ?? (isRoot() ? SERVER_KEY : userKeyFile("default", host));
  if (file === null) throw new Misuse("no home folder to keep the key in, so FILE is needed");
  const range = args.value("ports");
  const wanted = range === undefined ? undefined : asArgument(() => parsePortRange(range));
  if (args.has("passphrase") && wanted !== undefined) {
    throw new Misuse("a passphrase carries no port range", {
      hint: "give both ends the same --ports, or make a random key",
    });
  }
  const key = args.has("passphrase") ? await askPassphrase() : await randomKey(wanted, host);
  await writePrivate(file, `${formatKey(key)}\n`, false);
  const ports = formatPortRange(rangeOf(key));
  const mark = await fingerprint(key);
  if (args.has("json")) {
    const { kind } = key;
    const answer = { file, scheme: schemeOf(key), kind, ports, fingerprint: mark };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  host.terminal.out(`${file}\n`);
  host.terminal.note(
    `c3po: new ${key.kind === "random" ? "random key" : "passphrase"}, ` +
      `ports ${ports}${mark === null ? "" : `, fingerprint ${mark}`}`,
  );
  host.terminal.note(`c3po: hint: ${file === SERVER_KEY ? FOR_CLIENT : FOR_SERVER}`);
  return 0;
}

const FOR_CLIENT = "on each client: ssh HOST sudo c3po key show | c3po key add HOST";
const FOR_SERVER = `the server needs the same line in ${SERVER_KEY}, mode 0600`;

async function randomKey(wanted: PortRange | undefined, host: Host): Promise<Key> {
  const range = wanted ?? await freeRange(host);
  const bytes = randomBytes(32);
  return range === undefined ? { kind: "random", bytes } : { kind: "random", bytes, range };
}

/** The part of the default range that collides with nothing, if this is a server. */
async function freeRange(host: Host): Promise<PortRange | undefined> {
  if (!isRoot()) return undefined; // a client's own services say nothing about the server's
  const { listeningPorts } = await import("../../host/procfs.ts");
  const taken = [...await listeningPorts()].filter((port) => contains(DEFAULT_RANGE, port));
  if (taken.length === 0) return undefined;
  const gap = widestGap(DEFAULT_RANGE, taken);
  const list = formatPortList(taken);
  if (gap === null) {
    host.terminal.note(`c3po: this machine listens on so many ports that no range avoids ${list}`);
    return undefined;
  }
  host.terminal.note(
    `c3po: this machine listens on ${list}; the ports ${formatPortRange(gap)} collide with none`,
  );
  return gap;
}

async function askPassphrase(): Promise<Key> {
  const text = await readSecret("passphrase:");
  if (canAsk() && await readSecret("once more:") !== text) {
    throw new Failure("the two passphrases differ, nothing was written");
  }
  const key = asSource("passphrase", () => parseKey(text));
  if (key.kind !== "passphrase") {
    throw new Failure("a passphrase cannot begin like a key of another kind", {
      hint: "put a key you already have into the file yourself, mode 0600",
    });
  }
  return key;
}
