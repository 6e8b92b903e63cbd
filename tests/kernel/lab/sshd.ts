import { join } from "@std/path";
import { denoDirectory } from "./c3po.ts";
import type { Namespace } from "./namespace.ts";
import { must, run } from "./process.ts";
import { waitFor } from "./wait.ts";

export interface Sshd {
  port: number;
  /** Host key file, the public half beside it as `.pub`. */
  hostKey: string;
  /** Key file of the user `root`, who may log in with it. */
  userKey: string;
  /** Where it logs. */
  log: string;
  /** Writes a known_hosts file that knows this host by these names (patterns allowed; default: any). */
  knownHosts(...names: string[]): Promise<string>;
  /** Stops the listener; sessions stay. */
  stop(): Promise<void>;
}

export interface SshdOptions {
  port?: number;
  /** Further lines of sshd_config; they win over the laboratory's own. */
  config?: string[];
  /** Shell commands that make the file system as the sessions see it; nobody else sees their mounts. */
  prepare?: string;
}

/** Starts a real sshd on all addresses of `namespace`, or those of `ListenAddress` lines, and waits until it listens. */
export async function startSshd(
  namespace: Namespace,
  { port = 22, config = [], prepare = ":" }: SshdOptions = {},
): Promise<Sshd> {
  const directory = await Deno.makeTempDir({ dir: namespace.directory, prefix: "sshd-" });
  const [hostKey, userKey] = [join(directory, "host_key"), join(directory, "user_key")];
  for (const file of [hostKey, userKey]) {
    await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  }
  const configFile = join(directory, "sshd_config");
  const settings = [
    ...config,
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${userKey}.pub`,
    `PidFile ${join(directory, "sshd.pid")}`,
    "PermitRootLogin prohibit-password",
    // What root's shell reads at home on this machine may be slow, print something or wait for a lock.
    `SetEnv HOME=${directory} DENO_DIR=${denoDirectory()}`,
    "UsePAM no",
    "StrictModes no",
    "MaxStartups 200",
    "Subsystem sftp internal-sftp",
    "KexAlgorithms curve25519-sha256", // the first choice takes a client ten times the processor time
  ];
  await Deno.mkdir("/run/sshd", { recursive: true }); // sshd's chroot, as the init script makes it
  const sshd = await must("which", ["sshd"]).then((path) => path.trim(), () => "/usr/sbin/sshd");
  // From 9.8 on sshd shuts out addresses that misbehave. That is C3PO's business here.
  const penalties = "PerSourcePenalties no";
  await Deno.writeTextFile(configFile, [...settings, penalties, ""].join("\n"));
  if ((await run(sshd, ["-t", "-f", configFile])).code !== 0) {
    await Deno.writeTextFile(configFile, [...settings, ""].join("\n"));
  }
  const log = join(directory, "log");
  const listed = config.flatMap((line) => /^ListenAddress (\S+)$/.exec(line)?.[1] ?? []);
  const addresses = listed.length > 0 ? listed : ["0.0.0.0", "::"];
  const child = namespace.spawn("sh", [
    ...["-c", `${prepare} && exec "$@"`, "sh"],
    ...[sshd, "-D", "-E", log, "-f", configFile],
  ]);
  await waitFor(async () => {
    const text = await Deno.readTextFile(log);
    return addresses.every((each) => {
      const [address, own = port] = /^\d+(\.\d+){3}:\d+$/.test(each) ? each.split(":") : [each];
      return text.includes(`Server listening on ${address} port ${own}.`);
    });
  }, { what: "sshd that listens" });
  return {
    port,
    hostKey,
    userKey,
    log,
    async knownHosts(...names): Promise<string> {
      const file = await Deno.makeTempFile({ dir: directory, prefix: "known_hosts-" });
      const key = await Deno.readTextFile(`${hostKey}.pub`);
      await Deno.writeTextFile(file, `${names.join(",") || "*"} ${key}`);
      return file;
    },
    async stop(): Promise<void> {
      await child.stop();
    },
  };
}

export interface SshClientOptions {
  /** Text of ssh_config that stands before the defaults and so wins, such as `Host` blocks. */
  hosts?: string;
  /** A file of `Sshd.knownHosts`; the default knows the host by any name. */
  knownHosts?: string;
}

/**
 * Options for a real ssh (or scp, sftp) that logs in to `sshd` as root and reads nothing of this machine's user:
 * `["-F", file]`. Everything is in the file, so that whatever runs ssh underneath passes it on.
 */
export async function sshArgs(
  sshd: Sshd,
  { hosts = "", knownHosts }: SshClientOptions = {},
): Promise<string[]> {
  const file = `${sshd.userKey}-${crypto.randomUUID()}.config`;
  const defaults = [
    "Host *",
    "  User root",
    `  IdentityFile ${sshd.userKey}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${knownHosts ?? await sshd.knownHosts()}`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "  ConnectTimeout 30", // a proxy may take its time to start
    "  LogLevel ERROR",
    "",
  ];
  await Deno.writeTextFile(file, `${hosts}\n${defaults.join("\n")}`);
  return ["-F", file];
}
