import type { Arguments } from "../../cli/arguments.ts";
import { asArgument, asSource, Failure, Misuse } from "../../os/errors.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import { type Key, rangeOf, schemeOf } from "../../schedule/key.ts";
import { formatKey, parseKey } from "../../schedule/key_text.ts";
import { formatPortRange, parsePortRange } from "../../schedule/ports.ts";
import { exists, readText, writePrivate } from "../../os/files.ts";
import { type Host, isRoot } from "../../os/host.ts";
import { readKey, SERVER_KEY, userKeyFile } from "../../users/key_files.ts";
import { canAsk, randomBytes, readSecret } from "../../os/secret.ts";
import { serverKeyFile } from "./own.ts";
import { randomKey } from "./random.ts";

/** `c3po key new`: answers with the file the key is in. */
export async function newKey(
  args: Arguments,
  [named]: readonly string[],
  host: Host,
): Promise<number> {
  const server = isRoot() && named === undefined ? await serverKeyFile(host) : null;
  const file = named ?? server ?? userKeyFile("default", host);
  if (file === null) throw new Misuse("no home directory for the key, so FILE is needed");
  const range = args.value("ports");
  const wanted = range === undefined ? undefined : asArgument(() => parsePortRange(range));
  if (args.has("passphrase") && wanted !== undefined) {
    throw new Misuse("a passphrase carries no port range", {
      hint: "give both ends the same --ports, or create a random key",
    });
  }
  const replaced = await readText(file) !== null;
  if (replaced && !args.has("replace")) {
    throw new Failure(`"${file}" already exists`, {
      hint: `to change keys: c3po key new --replace, which keeps the old one as ${file}.old`,
    });
  }
  const old = replaced ? (await readKey(file, parseKey))?.key : undefined;
  const random = (): Promise<Key> =>
    old?.kind === "random" && wanted === undefined
      ? Promise.resolve({ ...old, bytes: randomBytes(32) }) // the clients know its range
      : randomKey(wanted, host);
  const key = args.has("passphrase") ? await askPassphrase() : await random();
  // At no moment is there no key: a server that starts meanwhile has the old one or the new.
  const kept = old === undefined ? null : await keep(old, file);
  await writePrivate(file, `${formatKey(key)}\n`, replaced);
  const ports = formatPortRange(rangeOf(key));
  const mark = await fingerprint(key);
  if (args.has("json")) {
    const { kind } = key;
    const old = kept === null ? {} : { kept };
    const answer = { file, scheme: schemeOf(key), kind, ports, fingerprint: mark, ...old };
    host.terminal.out(`${JSON.stringify(answer)}\n`);
    return 0;
  }
  host.terminal.out(`${file}\n`);
  host.terminal.note(
    `c3po: new ${key.kind === "random" ? "random key" : "passphrase"}, ` +
      `ports ${ports}${mark === null ? "" : `, fingerprint ${mark}`}`,
  );
  if (kept !== null) host.terminal.note(`c3po: the old key is kept as ${kept}`);
  const isServers = file === server || file === SERVER_KEY;
  const next = !isServers ? FOR_SERVER : replaced ? FOR_ROTATION : FOR_CLIENT;
  host.terminal.note(`c3po: hint: ${next}`);
  return 0;
}

const FOR_CLIENT = "on each client: ssh -t HOST sudo c3po key show | c3po key add HOST";
const FOR_ROTATION =
  "a running serve keeps the old key until it is reloaded: first on each client " +
  "c3po ssh -t HOST sudo c3po key show | c3po key add HOST --replace, then here systemctl reload c3po";
const FOR_SERVER = `the server needs the same line in ${SERVER_KEY}, mode 0600`;

/** Keeps a key beside those kept before: of two that are replaced one after another, `serve` may have the first. */
async function keep(key: Key, file: string): Promise<string> {
  let kept = `${file}.old`;
  for (let number = 2; await exists(kept); number++) kept = `${file}.old.${number}`;
  await writePrivate(kept, `${formatKey(key)}\n`, false);
  return kept;
}

async function askPassphrase(): Promise<Key> {
  const text = await readSecret("passphrase:");
  if (canAsk() && await readSecret("once more:") !== text) {
    throw new Failure("the passphrases differ, nothing was written");
  }
  const key = asSource("passphrase", () => parseKey(text));
  if (key.kind !== "passphrase") {
    throw new Failure("a passphrase cannot start like another kind of key", {
      hint: "to use an existing key, write it to the file yourself, mode 0600",
    });
  }
  return key;
}
