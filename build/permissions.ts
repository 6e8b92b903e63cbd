/**
 * What the finished program may do, and why: the one list that the compiled binary, the launcher and
 * the documentation share. Whatever is not named here, Deno refuses.
 */
import { ITSELF } from "../src/os/self.ts";

/** A permission of Deno, narrowed to what is needed. */
export interface Permission {
  /** The flag without its dashes, such as `allow-run`. */
  readonly flag: string;
  /** What it is narrowed to; without it the flag stands alone. */
  readonly to?: readonly string[];
  readonly why: string;
}

/** Which systems a build is for: only Linux has a server. */
export type Platform = "linux" | "macos" | "windows";

/** The whole program, or only the commands between a user and a login: `port`, `ssh`, `proxy`. */
export type Part = "all" | "login";

/** A client runs ssh, and nothing else. */
export const CLIENT_TOOLS: Readonly<Record<string, string>> = {
  "ssh-keygen": "tells under which name a host's key is known",
  ssh: "is what the user wants, and resolves host names by the user's configuration",
  kill: "stops c3po where the keyboard stopped ssh, so that the shell is back; not on Windows",
};

/** What a server, and the demonstration in namespaces, run besides. */
export const SERVER_TOOLS: Readonly<Record<string, string>> = {
  "iptables-restore": "loads the rules for IPv4",
  "ip6tables-restore": "loads the rules for IPv6",
  "iptables-save": "shows whether the rules for IPv4 are still there, and whose else are",
  "ip6tables-save": "shows the same for IPv6",
  "iptables": "tells the version, and whether the kernel's part works",
  "ip6tables": "tells the same for IPv6",
  "ipset": "loads the ports of coming minutes, adds and lists bans",
  "cat": "reads /proc, which Deno leaves to programs with every permission",
  "ss":
    "tells who listens and who is connected, in a third of the time; ends sessions (user remove --cut)",
  "conntrack": "tells by which port a session came in, where /proc does not (user remove --cut)",
  "sshd": "tells its settings (check)",
  "journalctl": "tells what sshd says of logins",
  "tail": "tells the same where there is no journal",
  "readlink": "tells which network namespace this is",
  "stdbuf": "has ipset answer, and xtables-monitor tell of changed rules, at once",
  "setpriv": "ends xtables-monitor together with serve, also when that is killed",
  "iptables-nft-save": "shows what a crash left in the tables of the other iptables",
  "ip6tables-nft-save": "shows the same for IPv6",
  "iptables-legacy-save": "shows the same for the older iptables",
  "ip6tables-legacy-save": "shows the same for the older iptables and IPv6",
  "iptables-nft-restore": "removes that",
  "ip6tables-nft-restore": "removes that for IPv6",
  "iptables-legacy-restore": "removes that from the older iptables",
  "ip6tables-legacy-restore": "removes that from the older iptables and IPv6",
  "ip":
    "builds the private link of a probe (check --probe, serve --probe), and makes a door's network local",
  "ls": "shows which processes there are, and their connections: has somebody logged in?",
  "grep": "finds sshd's sessions among them",
  "chronyc": "tells how well the clock is set",
  "ntpq": "tells the same where ntpd sets it",
  "timedatectl": "tells the same where systemd does",
  "systemctl": "tells whether the service runs, and starts it (setup)",
  "nft": "is the packet filter where iptables and ipset are not, and shows what they do not show",
  "wg": "points a WireGuard interface at the port of the minute (c3po wg)",
  "unshare":
    "makes the namespaces of the demo and of probes, and tries the rules where nobody is affected (check)",
  "nsenter": "runs everything the demo shows and a probe tries, inside of them",
  "test": "tells whether a folder can be written (check)",
};

/** Root's PATH under sudo or cron may lack some of them; src/os/tool.ts searches all of them. */
const SYSTEM_FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

/** Each variable by its name, so that a stray secret of somebody else's cannot be read. */
const VARIABLES = [
  "C3PO_*",
  "NO_COLOR",
  "HOME",
  "XDG_CONFIG_HOME",
  "APPDATA",
  "USERPROFILE",
  "STATE_DIRECTORY",
  "RUNTIME_DIRECTORY",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "SSH_CONNECTION",
  "INVOCATION_ID",
  "SERVICE_RESULT",
  "EXIT_STATUS",
  "JOURNAL_STREAM",
];

const SERVER_FOLDERS = ["/etc/c3po", "/var/lib/c3po", "/run/c3po"];

/**
 * Where users make and change files: keys, and the Host block. A home may be anywhere, so that the
 * launcher adds the user's (build/local.ts); a compiled program, which cannot, has `.`, the folder of
 * the moment.
 */
const USER_FOLDERS: Readonly<Record<Platform, readonly string[]>> = {
  linux: ["/home", "/root", "/var/home", "/tmp", "."],
  macos: ["/Users", "/var/root", "/tmp", "."],
  windows: ["C:\\Users", "."],
};

/**
 * The permissions of a build, in the order the documentation shows them. Those of a login are fewer,
 * for safety and because Deno takes its time over each: it looks every tool up at every start.
 */
export function permissionsFor(platform: Platform, part: Part = "all"): readonly Permission[] {
  const server = platform === "linux" && part === "all";
  const roots = server ? SERVER_FOLDERS : [];
  const folders = [...roots, ...USER_FOLDERS[platform]];
  return [
    {
      flag: "allow-run",
      to: programs(platform, server),
      why:
        "the tools above, and no shell; a server itself too, to watch over a trial (serve --try)",
    },
    {
      flag: "allow-read",
      why:
        "a key may be below any home, or where a vault puts it (/run/secrets): a list of folders " +
        "would fail in the jobs of services, and ssh and cat, which may be run, read everything anyway",
    },
    ...(part === "login" ? [] : [{
      flag: "allow-write",
      to: server ? [...folders, "/run/systemd/notify"] : folders,
      why: "new keys, the ledger of bans, the Host block in ssh_config; the same socket",
    }]),
    {
      flag: "allow-net",
      why:
        "`proxy` reaches any host, at a port that changes every minute; `forward` and the traps listen",
    },
    { flag: "allow-env", to: VARIABLES, why: "where the key lies, and what systemd says" },
    ...platform === "linux"
      ? [{ flag: "allow-sys", to: ["uid"], why: "whether this is root" }]
      : [],
    { flag: "deny-import", why: "the program is complete and loads nothing from elsewhere" },
  ];
}

/** The same as arguments for `deno compile` and `deno run`. */
export function permissionFlags(platform: Platform, part: Part = "all"): readonly string[] {
  return permissionsFor(platform, part).map(({ flag, to }) =>
    to === undefined ? `--${flag}` : `--${flag}=${to.join(",")}`
  );
}

/** A bare name is looked up in the PATH of the start: ssh may be anywhere the user has put it. */
function programs(platform: Platform, server: boolean): string[] {
  if (platform === "windows") return ["ssh"];
  const tools = Object.keys(server ? { ...SERVER_TOOLS, ...CLIENT_TOOLS } : CLIENT_TOOLS);
  const places = tools.flatMap((tool) => SYSTEM_FOLDERS.map((folder) => `${folder}/${tool}`));
  return [...(server ? [ITSELF] : []), "ssh", ...places];
}
