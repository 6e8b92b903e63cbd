import { Malformed } from "../os/errors.ts";

/** Whom to log in as, and where: what stands behind `ssh` on a command line. */
export interface Target {
  /** Empty if ssh is to choose. */
  readonly user: string;
  /** A name or an address, an IPv6 address without brackets. */
  readonly host: string;
}

const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,63}$/;
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?$/;
const IPV6 = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/;

/**
 * Reads `user@host` or `host`.
 *
 * @throws {Malformed} for what ssh would not take for a host, and for what it would take for an option
 */
export function parseTarget(text: string): Target {
  const at = text.lastIndexOf("@");
  const user = text.slice(0, Math.max(at, 0));
  const host = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if ((at >= 0 && !USER.test(user)) || !(NAME.test(host) || IPV6.test(host))) {
    throw new Malformed(`"${text}" is not a host`, { hint: "write it as in me@web1.example.org" });
  }
  return { user, host };
}

/**
 * The address that opens an app for SSH: `ssh://user@host:port?id=…`. Termius saves a host by that id
 * and changes its port the next time; other apps pass over it.
 *
 * @param id see {@linkcode idOf}
 */
export function sshLink({ user, host }: Target, port: number, id: number): string {
  const name = user === "" ? "" : `${encodeURIComponent(user)}@`;
  const address = host.includes(":") ? `[${host.replace("%", "%25")}]` : host;
  return `ssh://${name}${address}:${port}?id=${id}`;
}

/** The command for a terminal; the host key stays known under the name that plain ssh uses. */
export function sshCommand({ user, host }: Target, port: number): string {
  return `ssh -p ${port} -o HostKeyAlias=${host} ${user === "" ? "" : `${user}@`}${host}`;
}

/**
 * A number for a target that is the same on every device, for an app may carry its hosts from one to
 * another.
 *
 * @returns a whole number of 31 bits
 */
export async function idOf({ user, host }: Target): Promise<number> {
  const text = new TextEncoder().encode(`${user}@${host.toLowerCase()}`);
  return new DataView(await crypto.subtle.digest("SHA-256", text)).getUint32(0) >>> 1;
}
