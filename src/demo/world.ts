import { PrivateNetwork } from "../os/private_network.ts";
import { ownCommand } from "../os/self.ts";
import type { Words } from "./stage.ts";

/** The machines, in the order of their addresses. */
export const MACHINES = ["server", "user", "attacker"] as const;

/** The server's address. */
export const SERVER = PrivateNetwork.addressOf(0);

/** What is on this machine to tell the story with. */
export interface Props {
  /** The path of sshd; null if there is none. */
  readonly sshd: string | null;
  readonly nmap: boolean;
  /** What shows that no rule and no set is left: iptables and ipset, or where they are missing nft. */
  readonly listings: readonly Words[];
}

const SSHD_PLACES = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd"];

const SSH_CONFIG = [
  "Host server",
  `  HostName ${SERVER}`,
  "  User root",
  "  IdentityFile user_key",
  "  IdentitiesOnly yes",
  "  IdentityAgent none",
  "  UserKnownHostsFile known_hosts",
  "  GlobalKnownHostsFile none",
  "  StrictHostKeyChecking accept-new",
  "  ConnectTimeout 5",
  "  LogLevel ERROR",
  "",
].join("\n");

/**
 * What every command of the story runs with; the folder it runs in has the key and the rest.
 *
 * @param settings the names of the variables that would change the server in it
 */
export function variables(home: string | undefined, settings: readonly string[]): string[] {
  const without = settings.flatMap((name) => ["-u", name]);
  const own = ["C3PO_KEY_FILE=key", "STATE_DIRECTORY=state", "RUNTIME_DIRECTORY=run"];
  return [...without, ...home === undefined ? [] : [`HOME=${home}`], ...own];
}

/** Looks for what the story needs, and makes the keys that ssh and sshd use in it. */
export async function prepare(network: PrivateNetwork): Promise<Props> {
  const has = async (path: string): Promise<boolean> =>
    await network.must("server", ["test", "-x", path]).then(() => true, () => false);
  const found = await Promise.all(SSHD_PLACES.map(has));
  const sshd = SSHD_PLACES[found.indexOf(true)] ?? null;
  const runs = async (...command: readonly string[]): Promise<boolean> =>
    await network.must("server", command).then(() => true, () => false);
  const nmap = await runs("nmap", "--version");
  // As c3po serve itself chooses.
  const classic = await runs("ipset", "--version") && await runs("iptables", "--version");
  const listings = classic
    ? [plain("ipset", "list", "-name"), plain("iptables", "-S")]
    : [plain("nft", "list", "ruleset")];
  for (const name of sshd === null ? [] : ["host_key", "user_key"]) {
    await network.must("server", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]);
  }
  await network.must("user", ["tee", "ssh_config"], SSH_CONFIG);
  return { sshd, nmap, listings };
}

/** A command as it is. */
export function plain(...words: readonly string[]): Words {
  return { shown: words, run: words };
}

/** This very program. */
export function c3po(...args: readonly string[]): Words {
  return { shown: ["c3po", ...args], run: [...ownCommand(), ...args] };
}

/**
 * A command that others can be told the number of: it is in a file of that name. With all it starts it is a group, which
 * {@linkcode ended} ends. The shell has a `kill` where the program of that name is missing.
 */
export function numbered(file: string, { shown, run }: Words): Words {
  const script = 'echo "$$" >"$1" && shift && exec "$@"';
  return { shown, run: ["setsid", "sh", "-c", script, "sh", file, ...run] };
}

/** Ends the group of a {@linkcode numbered} command. */
export function ended(file: string): Words {
  return plain("sh", "-c", 'read -r number <"$1" && kill -TERM "-$number"', "sh", file);
}

/** What a viewer would type to end a process. */
export function terminated(pid: number): Words {
  return {
    shown: ["kill", "-TERM", String(pid)],
    run: ["sh", "-c", 'kill -TERM "$1"', "sh", String(pid)],
  };
}

/** The same command, ended after some seconds. */
export function timed(seconds: number, { shown, run }: Words): Words {
  const limit = ["timeout", String(seconds)];
  return { shown: [...limit, ...shown], run: [...limit, ...run] };
}

/** Starts sshd, of which everything but its name is the demo's own. */
export function sshdWords(sshd: string): Words {
  const settings = [
    "HostKey=/run/demo/host_key",
    "AuthorizedKeysFile=/run/demo/user_key.pub",
    "PermitRootLogin=prohibit-password",
    "PermitUserRC=no",
    "SetEnv=HOME=/run/demo", // a login runs nothing that root's shell finds at home
    "StrictModes=no",
    "UsePAM=no",
    "PidFile=none",
    "LogLevel=ERROR",
  ];
  const run = [sshd, "-D", "-e", "-f", "/dev/null", ...settings.flatMap((each) => ["-o", each])];
  return { shown: [sshd], run };
}
