import { asArgument, Failure, Malformed, Misuse } from "../os/errors.ts";
import type { Host } from "../os/host.ts";
import type { FoundKey } from "../users/key_files.ts";
import { findKeyOrMaster, type KeySearch } from "../users/keyring.ts";

/** Where the search for the key of a host begins, and what the key is for. */
export interface HostKeySearch extends KeySearch {
  /** What `--as` named: the id of the host, for which a key is derived from a master key. */
  readonly as?: string | undefined;
  /** What `--service` named; without it, and for `ssh`, it is the key of the host itself. */
  readonly service?: string | undefined;
}

/** The key of a host, or of one of its services. */
export interface HostKey extends FoundKey {
  /** The id for which it was derived from a master key; null where it is a key of its own. */
  readonly id: string | null;
  /** Whether it was derived here, so that the traps of the server come from elsewhere. */
  readonly isDerived: boolean;
}

/**
 * How many traps of its server follow from a key. Undefined if that is not known, and always for a derived
 * key: a server with users or services takes its traps from a key of its own.
 *
 * @param told what the user says
 */
export function trapsBy(
  { isDerived, traps }: HostKey,
  told: number | undefined,
): number | undefined {
  return isDerived ? undefined : told ?? traps;
}

/**
 * Finds the key by which a client reaches a host. A master key counts as the key of every host that
 * has no file of its own: the host's is derived from it, for the id that `--as` names, else
 * hosts.toml, else the name that ssh resolves.
 *
 * @throws {Misuse} for an id or a service that cannot be, and for a master key without a host
 * @throws {Failure} if there is no key, or it cannot be used
 */
export async function findHostKey(search: HostKeySearch, host: Host): Promise<HostKey> {
  const { as } = search;
  const service = search.service === "ssh" ? undefined : search.service;
  // Most logins derive nothing, and need not wait until this is loaded.
  const derivation = () => import("../schedule/derivation.ts");
  if (as !== undefined || service !== undefined) {
    const { checkName } = await derivation();
    asArgument(() => {
      if (as !== undefined) checkName("host", as);
      if (service !== undefined) checkName("service", service);
    });
  }
  const resolve = once(search.resolve ?? (() => Promise.resolve(null)));
  const found = await findKeyOrMaster({ ...search, resolve }, host);
  const { key, source } = found;
  if (key.kind !== "master" && service === undefined) {
    return { ...found, key, id: null, isDerived: false };
  }
  const { deriveKey } = await derivation();
  const id = key.kind === "master" ? await hostId({ ...search, resolve }, host) : null;
  const derived = await deriveKey(key, { host: id ?? undefined, service });
  return { key: derived, source, id, isDerived: true };
}

async function hostId({ as, name, resolve }: HostKeySearch, host: Host): Promise<string> {
  if (as !== undefined) return as;
  if (name === undefined) {
    throw new Misuse("HOST is missing; a master key opens no port itself", {
      hint: "name the host, or give its id with --as",
    });
  }
  const [{ checkName, hostIdOf }, { readHosts }] = await Promise.all([
    import("../schedule/derivation.ts"),
    import("./hosts_file.ts"),
  ]);
  const hosts = await readHosts(host);
  const listed = hosts.get(name.toLowerCase())?.id;
  if (listed !== undefined) return listed;
  const resolved = hostIdOf(await resolve?.() ?? name);
  const id = hosts.get(resolved)?.id ?? resolved;
  try {
    checkName("host", id);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Failure(`no key can be derived for "${name}": ${error.message}`, {
      hint: "give its id with --as, or in hosts.toml next to the master key",
    });
  }
  return id;
}

/** Asks no more than once. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => asked ??= ask();
}
