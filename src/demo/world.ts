import { PrivateNetwork } from "../host/private_network.ts";
import { ownCommand } from "../host/self.ts";
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

/** What every command of the story runs with; the folder it runs in has the key and the rest. */
export function variables(home: string | undefined): string[] {
  const own = ["C3PO_KEY_FILE=key", "STATE_DIRECTORY=state", "RUNTIME_DIRECTORY=run"];
  return home === undefined ? own : [`HOME=${home}`, ...own];
}

/** Looks for what the story needs, and makes the keys that ssh and sshd use in it. */
export async function prepare(network: PrivateNetwork): Promise<Props> {
  const has = async (path: string): Promise<boolean> =>
    await network.must("server", ["test", "-x", path]).then(() => true, () => false);
  const found = await Promise.all(SSHD_PLACES.map(has));
  const sshd = SSHD_PLACES[found.indexOf(true)] ?? null;
  const nmap = await network.must("attacker", ["nmap", "--version"]).then(() => true, () => false);
  for (const name of sshd === null ? [] : ["host_key", "user_key"]) {
    await network.must("server", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name]);
  }
  await network.must("user", ["tee", "ssh_config"], SSH_CONFIG);
  return { sshd, nmap };
}

/** A command as it is. */
export function plain(...words: readonly string[]): Words {
  return { shown: words, run: words };
}

/** This very program. */
export function c3po(...args: readonly string[]): Words {
  return { shown: ["c3po", ...args], run: [...ownCommand(), ...args] };
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
