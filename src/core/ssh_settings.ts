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
  /** Whether ssh also records keys by address, which would be a new entry for each port. */
  readonly checksHostIp: boolean;
  /** Whether ssh reaches the host through something else: a jump host, or a program not ours. */
  readonly indirect: boolean;
  /** Whether ssh would run `c3po proxy`, which it need not where we tell it the port. */
  readonly proxied: boolean;
  /** Whether a command is configured to run on the host. */
  readonly command: boolean;
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
  const proxied = proxy !== null && /\bc3po(\.exe)?["']? proxy\b/.test(proxy);
  return {
    hostname,
    port,
    hostKeyAlias: given("hostkeyalias"),
    controlPath: given("controlpath"),
    checksHostIp: given("checkhostip") === "yes",
    indirect: given("proxyjump") !== null || (proxy !== null && !proxied),
    proxied,
    command: given("remotecommand") !== null,
  };
}

/**
 * The arguments that lead ssh to another port of the same host, to be put before the user's own: of
 * two values for one setting ssh takes the first. Everything that ssh would derive from the port is
 * pinned to what plain ssh makes of it, so that there is one entry in known_hosts and one shared
 * connection however often the port changes.
 */
export function portArguments(settings: SshSettings, port: number): string[] {
  const { hostname, hostKeyAlias, controlPath } = settings;
  const args = ["-p", String(port)];
  if (hostKeyAlias === null) {
    const name = hostname.toLowerCase();
    args.push("-o", `HostKeyAlias=${settings.port === 22 ? name : `[${name}]:${settings.port}`}`);
  }
  if (settings.proxied) args.push("-o", "ProxyCommand=none");
  if (settings.checksHostIp) args.push("-o", "CheckHostIP=no");
  if (controlPath !== null) args.push(...controlPathArguments(controlPath));
  return args;
}

/** The option that names a socket of connection sharing literally. */
export function controlPathArguments(path: string): string[] {
  const literal = path.replaceAll("%", "%%");
  return ["-o", `ControlPath=${/\s/.test(literal) ? `"${literal}"` : literal}`];
}
