/** What C3PO must know of an OpenSSH command line; the rest it passes on unread. */
export interface SshArguments {
  /** The host as typed, without user and port; null if the command line names none. */
  readonly host: string | null;
  /** How the user chose a port, such as `-p 22`; null if they did not. */
  readonly port: string | null;
  /** ssh only tells about itself (`-V`, `-Q`), and no connection is made. */
  readonly query: boolean;
  /** ssh only talks to a running master (`-O`). */
  readonly control: boolean;
  /** A command, or the name of a subsystem, follows the host. */
  readonly command: boolean;
}

/** The options of ssh(1) that take a value, which may follow in the same word or in the next. */
const VALUED = "BDEFIJLOPQRSWbceilmopw";

/**
 * Reads a command line as ssh(1) reads it with getopt(3): letters may be bundled, options may stand
 * before and behind the host, and the first other word behind the host begins the command.
 *
 * @param args what would stand behind `ssh`
 */
export function readSshArguments(args: readonly string[]): SshArguments {
  let port: string | null = null;
  let destination: string | null = null;
  let query = false;
  let control = false;
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--" || !/^-./.test(word)) {
      if (word === "--") at++;
      if (destination !== null) break;
      destination = args[at] ?? null;
      if (word !== "--") continue;
      at++; // behind "--" nothing is an option, not even behind the host
      break;
    }
    for (let i = 1; i < word.length; i++) {
      const letter = word[i]!;
      if (letter === "V" || letter === "Q") query = true;
      if (letter === "O") control = true;
      if (!VALUED.includes(letter)) continue;
      const value = word.slice(i + 1) || (args[++at] ?? "");
      if (letter === "p" || (letter === "o" && /^\s*port[\s=]/i.test(value))) {
        port ??= `-${letter} ${value}`;
      }
      break;
    }
  }
  const { host, port: inUri } = readDestination(destination);
  if (inUri !== null) port ??= destination;
  return { host, port, query, control, command: at < args.length };
}

/** Takes `[user@]host` or `ssh://[user@]host[:port][/]` apart. */
function readDestination(text: string | null): { host: string | null; port: string | null } {
  if (text === null) return { host: null, port: null };
  const uri = /^ssh:\/\/([^/]*)\/?$/i.exec(text);
  const place = uri?.[1] ?? text;
  const host = place.slice(place.lastIndexOf("@") + 1);
  if (uri === null) return { host, port: null };
  const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  return { host: (name ?? host).replace(/^\[(.*)\]$/, "$1"), port: port ?? null };
}
