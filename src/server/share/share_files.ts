import { join } from "../../os/path.ts";
import { array, type InferOutput, object, optional, pipe, readonly, record, string } from "valibot";
import type { StoreAccess } from "../../fleet/messages.ts";
import { publicKeyOf } from "../../fleet/member.ts";
import { type Members, readMembers } from "../../fleet/members.ts";
import { type PublicKey, readPublicKey, Signer } from "../../fleet/signature.ts";
import { parseCidr } from "../../os/address.ts";
import { asSource, C3poError, Failure, Malformed } from "../../os/errors.ts";
import { modeOf, readText, writePrivate } from "../../os/files.ts";
import { parseFlatToml } from "../../os/flat_toml.ts";
import { amount, count, readJson, textReadBy } from "../../os/schema.ts";
import { parseKeyLine } from "../../schedule/key_text.ts";
import type { ShareSetting } from "../share_settings.ts";

/** What a server needs to take part in a fleet. */
export interface Membership {
  /** The id of this server: the name that the list of members has beside its key. */
  readonly self: string;
  readonly signer: Signer;
  readonly members: Members;
  readonly admin: PublicKey | null;
  readonly access: StoreAccess;
}

/** A list of ten thousand members takes a megabyte. */
const LARGEST = 4 << 20;

/**
 * Reads the files that `[share]` names.
 *
 * @throws {Failure} naming the file; never quoting a secret
 */
export async function readMembership(setting: ShareSetting): Promise<Membership> {
  const line = await secretText(setting.key, "c3po fleet keys writes it for each host");
  const seed = asSource(setting.key, () => parseKeyLine(line));
  if (seed.kind !== "member") {
    throw new Failure(`${setting.key}: the key is not that of a member of a fleet`, {
      hint: "c3po fleet keys writes it for each host as member.key",
    });
  }
  const text = await mustRead(setting.members, "c3po fleet keys writes it: copy it to each host");
  const members = await readMembers(text, setting.members);
  const own = await publicKeyOf(seed.bytes);
  const self = nameOf(own, text);
  if (self === null) {
    throw new Failure(`no member in ${setting.members} has the key of ${setting.key}`, {
      hint: "copy the list of members again; each host has a key of its own",
    });
  }
  return {
    self,
    signer: await Signer.of(seed.bytes),
    members,
    admin: setting.admin === null ? null : await adminKey(setting.admin),
    access: {
      store: setting.store,
      replica: setting.replica,
      ca: setting.ca === null ? null : await mustRead(setting.ca, "it is to hold PEM certificates"),
      ...await credentials(setting.credentials),
    },
  };
}

/** @throws {Failure} if it is none */
export async function adminKey(text: string): Promise<PublicKey> {
  try {
    return await readPublicKey(text);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Failure(`admin of share: ${error.message}`);
  }
}

/** The name that stands beside a public key. */
function nameOf(key: string, members: string): string | null {
  const line = members.split("\n").map((each) => each.trim().split(/\s+/)).find(([name, public_]) =>
    public_ === key && !name!.startsWith("#")
  );
  return line?.[0] ?? null;
}

async function credentials(
  file: string | null,
): Promise<Pick<StoreAccess, "username" | "password">> {
  if (file === null) return { username: null, password: null };
  const text = await secretText(file, 'it holds username = "…" and password = "…"');
  return asSource(file, () => {
    const settings = parseFlatToml(text);
    const value = (name: string): string | null => {
      const found = settings.get(name)?.value;
      if (found === undefined) return null;
      if (typeof found !== "string") throw new Malformed(`"${name}" must be a string`);
      return found;
    };
    for (const name of settings.keys()) {
      if (name !== "username" && name !== "password") {
        throw new Malformed(`unknown setting "${name}"`);
      }
    }
    return { username: value("username"), password: value("password") };
  });
}

/** The text of a file that its owner alone may read. */
async function secretText(file: string, hint: string): Promise<string> {
  const text = await mustRead(file, hint);
  const mode = await modeOf(file);
  if (mode === null || (mode & 0o077) === 0) return text;
  throw new Failure(`others may read "${file}": its mode is 0${mode.toString(8)}`, {
    hint: `chmod 600 ${file}`,
  });
}

async function mustRead(file: string, hint: string): Promise<string> {
  const text = await readText(file, LARGEST);
  if (text === null) throw new Failure(`"${file}" is missing`, { hint });
  return text;
}

const SAVED = pipe(
  object({
    /** No line of this server had this number or a higher one. */
    seq: count,
    /** The numbers of others' lines at some moments. */
    snapshots: pipe(
      array(pipe(object({ at: amount, last: record(string(), count) }), readonly())),
      readonly(),
    ),
    /** Members that the administrator has expelled. */
    expelled: pipe(array(string()), readonly()),
    /** Fingerprints of users' keys that the administrator has revoked. */
    revoked: optional(pipe(array(string()), readonly()), []),
    /** Networks that the administrator has allowed, until unix milliseconds. */
    allowed: optional(
      pipe(
        array(pipe(object({ network: textReadBy(parseCidr), until: amount }), readonly())),
        readonly(),
      ),
      [],
    ),
  }),
  readonly(),
);

/** What of sharing outlives a restart. Bans do not: the store has them. */
export type SavedShare = InferOutput<typeof SAVED>;

/** The same as it is written: networks as text. */
type WrittenShare = Omit<SavedShare, "allowed"> & {
  readonly allowed: readonly { readonly network: string; readonly until: number }[];
};

const NOTHING: SavedShare = { seq: 0, snapshots: [], expelled: [], revoked: [], allowed: [] };

/** Reads what an earlier run left. @param warn told of a file that cannot be used */
export async function readSaved(
  folder: string,
  warn: (reason: string) => void,
): Promise<SavedShare> {
  try {
    const text = await readText(join(folder, "share"), LARGEST);
    return text === null ? NOTHING : readJson(SAVED, text);
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    warn(error.message);
    return NOTHING;
  }
}

/** Writes that down. */
export async function writeSaved(folder: string, saved: WrittenShare): Promise<void> {
  await writePrivate(join(folder, "share"), JSON.stringify(saved) + "\n", true);
}
