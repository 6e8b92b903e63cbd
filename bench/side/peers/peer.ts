import { type Child, must, type Namespace } from "../../../tests/kernel/lab.ts";

/** A tool that an administrator could pick instead, or the lack of one. */
export interface Peer {
  readonly name: string;
  /** What it was set to, in a few words. */
  readonly setting: string;
  /** Debian packages whose size on disk is its own. */
  readonly packages: readonly string[];
  /** The port of sshd that an attacker would have to find. */
  start(server: Namespace, log: string): Promise<Running>;
}

/** A tool at work. */
export interface Running {
  /** What it runs as; null for sshd alone. */
  readonly pid: number | null;
  /** Where a client finds sshd: fixed, or of this minute. */
  sshPort(): Promise<number>;
  /** What it takes for an offence. */
  readonly offence: Offence;
}

/** What makes the tool act: one SYN to a port, a completed connection, failed logins, or nothing. */
export type Offence =
  | { readonly kind: "syn" | "connect"; port(): Promise<number> }
  | { readonly kind: "logins"; readonly count: number }
  | { readonly kind: "none" };

/** Rules that let in only what was let in before, as every guide to knocking sets them. */
export async function hideSsh(server: Namespace): Promise<void> {
  const rules = [
    "*filter",
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    "-A INPUT -p tcp --dport 22 -j DROP",
    "COMMIT",
    "",
  ];
  await server.must("iptables-restore", ["--noflush"], { stdin: rules.join("\n") });
}

/** Starts a program that reads its configuration from a fixed place, by putting another one there. */
export function withFile(
  server: Namespace,
  place: string,
  file: string,
  command: string,
): Child {
  // `ip netns exec` gives every program a mount namespace of its own.
  const script = 'mount --bind "$1" "$2" && exec sh -c "$3"';
  return server.spawn("sh", ["-c", script, "sh", file, place, command]);
}

/** The process of that name in a namespace; null if there is none. */
export async function processNamed(server: Namespace, name: string): Promise<number | null> {
  for (const pid of (await must("ip", ["netns", "pids", server.netns])).trim().split("\n")) {
    const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
    if (comm.trim() === name) return Number(pid);
  }
  return null;
}
