/** What ssh makes of a command line and its configuration, as `ssh -G` prints it. */
export interface SshSettings {
  /** The address or name that ssh connects to. */
  readonly hostname: string;
  /** The port plain ssh would connect to. */
  readonly port: number;
  /** The name under which the user wants the host's key known; null if they said nothing. */
  readonly hostKeyAlias: string | null;
  /** The socket of connection sharing with every `%` resolved; null if there is none. */
  readonly controlPath: string | null;
  /** Whether ssh uses IPv4 alone. */
  readonly isIpv4Only: boolean;
  /** Whether ssh also records keys by address, which would be a new entry for each port. */
  readonly checksHostIp: boolean;
  /** Whether ssh reaches the host through something else: a jump host, or a program not ours. */
  readonly indirect: boolean;
  /** Whether ssh would run `c3po proxy`, which it need not where we tell it the port. */
  readonly proxied: boolean;
  /** The jump hosts, as in ProxyJump; null if there are none. */
  readonly proxyJump: string | null;
  /** The program that connects in ssh's place; null if there is none. */
  readonly proxyCommand: string | null;
  /** Whether a command is configured to run on the host. */
  readonly command: boolean;
  /** Whether ssh was told to say nothing of what goes wrong (`-q`). */
  readonly isQuiet: boolean;
  /** Seconds in which a connection must be made; null if the user said nothing. */
  readonly connectTimeout: number | null;
  /** The user's files of known hosts, with every `%` resolved, in one line. */
  readonly knownHosts: string;
  /** Those of the machine. */
  readonly globalKnownHosts: string;
}

/**
 * Reads what `ssh -G` printed.
 *
 * @returns null if it is not that
 */
export function readSshSettings(text: string): SshSettings | null {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    // Where several lines may stand for one setting, none of those is asked for here.
    if (name !== undefined && !settings.has(name)) settings.set(name, value!);
  }
  const given = (name: string): string | null => {
    const value = settings.get(name);
    return value === undefined || value === "none" ? null : value;
  };
  const hostname = given("hostname");
  const port = Number(given("port"));
  if (hostname === null || !(port > 0)) return null;
  const proxy = given("proxycommand");
  const proxied = proxy !== null && runsProxy(proxy);
  const seconds = Number(given("connecttimeout"));
  return {
    hostname,
    port,
    hostKeyAlias: given("hostkeyalias"),
    controlPath: given("controlpath"),
    isIpv4Only: given("addressfamily") === "inet",
    checksHostIp: given("checkhostip") === "yes",
    indirect: given("proxyjump") !== null || (proxy !== null && !proxied),
    proxied,
    proxyJump: given("proxyjump"),
    proxyCommand: proxy,
    command: given("remotecommand") !== null,
    isQuiet: /^(quiet|silent)$/i.test(given("loglevel") ?? ""), // one and the same to ssh
    connectTimeout: seconds > 0 ? seconds : null,
    knownHosts: given("userknownhostsfile") ?? "",
    globalKnownHosts: given("globalknownhostsfile") ?? "",
  };
}

/** One word of a command, with whatever is quoted in it. */
const WORD = /(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/.source;
const PROXY = new RegExp(
  `^(?:exec\\s+)?(?:${WORD}\\s+run(?:\\s+-\\S+)*\\s+)?(${WORD})\\s+proxy(?:\\s|$)`,
);

/** Whether a ProxyCommand is `c3po proxy` on this machine, and not a program that runs it elsewhere. */
function runsProxy(command: string): boolean {
  const [, program] = PROXY.exec(command.trim()) ?? [];
  return program !== undefined && /(?:^|[/\\'"])(?:c3po(?:\.exe)?|main\.ts)['"]?$/.test(program);
}

/**
 * The arguments that lead ssh to another port of the same host, to be put before the user's own: of
 * two values for one setting ssh takes the first. Everything that ssh would derive from the port is
 * pinned to what plain ssh makes of it, so that there is one entry in known_hosts and one shared
 * connection however often the port changes.
 *
 * @param name under which the host's key is known; null if the user has chosen one
 * @param address where the host is, if its address changes as well
 */
export function portArguments(
  settings: SshSettings,
  { port, address }: { readonly port: number; readonly address?: string },
  name: string | null,
): string[] {
  const { controlPath, knownHosts } = settings;
  const args = ["-p", String(port)];
  if (address !== undefined) args.push("-o", `HostName=${address}`);
  if (name !== null) args.push("-o", `HostKeyAlias=${name}`);
  if (settings.proxied) args.push("-o", "ProxyCommand=none");
  if (settings.checksHostIp) args.push("-o", "CheckHostIP=no");
  // The port may be a part of a file's name (%p); it would be another file each minute.
  if (knownHosts.includes(String(settings.port))) {
    args.push("-o", `UserKnownHostsFile=${knownHosts.replaceAll("%", "%%")}`);
  }
  if (controlPath !== null) args.push(...controlPathArguments(controlPath));
  return args;
}

/**
 * The option that names a socket of connection sharing literally.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(controlPathArguments("/tmp/50%"), ["-o", "ControlPath=/tmp/50%%"]);
 * ```
 */
export function controlPathArguments(path: string): string[] {
  const literal = path.replaceAll("%", "%%");
  return ["-o", `ControlPath=${/\s/.test(literal) ? `"${literal}"` : literal}`];
}
