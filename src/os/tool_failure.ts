import { Failure } from "./errors.ts";

/** A program that is missing, was killed, or ended with another code than 0. */
export class ToolFailure extends Failure {
  /** The name of the program. */
  readonly tool: string;
  /** Its exit code; null if it did not run to its end. */
  readonly code: number | null;
  /** Whether there is no such program. */
  readonly isMissing: boolean;

  /** @param how what happened, such as `exit code 2: …` */
  constructor(tool: string, code: number | null, how: string, hint?: string, isMissing = false) {
    super(`${tool}: ${how}`, hint === undefined ? {} : { hint });
    this.tool = tool;
    this.code = code;
    this.isMissing = isMissing;
    if (!isMissing) toolFailures.set(tool, (toolFailures.get(tool) ?? 0) + 1);
  }
}

/** How often each tool has failed since this process began, for its figures. */
export const toolFailures = new Map<string, number>();

/** Takes a failure out of the figures: the program was asked something, and this was an answer. */
export function wasAnswer({ tool }: ToolFailure): void {
  toolFailures.set(tool, Math.max(0, (toolFailures.get(tool) ?? 0) - 1));
}

/** The error of a program that ended with another code than 0. */
export function failureOf(command: readonly string[], code: number, stderr: string): ToolFailure {
  const said = stderr.trim().split("\n").filter((line) => line.trim() !== "").join("; ");
  return new ToolFailure(
    command[0]!,
    code,
    `"${command.join(" ")}" ended with exit code ${code}${said === "" ? "" : `: ${said}`}`,
  );
}

/** The error of a program that could not even be started. */
export function notStarted(tool: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotFound) return missing(tool);
  if (error instanceof Deno.errors.PermissionDenied) {
    return new ToolFailure(tool, null, "permission denied");
  }
  if (error instanceof Deno.errors.WouldBlock) {
    return new ToolFailure(
      tool,
      null,
      "not started: this user has reached the process limit",
      "ulimit -u",
    );
  }
  // A library slipped in by a variable could do what we may not, so it may not come along.
  const [, variable] = /\b((?:LD|DYLD)_\w+)/.exec(String(error)) ?? [];
  if (error instanceof Deno.errors.NotCapable && variable !== undefined) {
    return new ToolFailure(
      tool,
      null,
      `not started, because ${variable} is set`,
      `unset ${variable}`,
    );
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new ToolFailure(
      tool,
      null,
      "not started: it is no longer where c3po found it at its start",
      "remove relative directories from PATH",
    );
  }
  // No descriptors, no memory: the machine's trouble, which may pass.
  return error instanceof Error
    ? new ToolFailure(tool, null, `not started: ${error.message}`)
    : error;
}

const PACKAGES: Readonly<Record<string, string>> = {
  nft: "nftables",
  ip6tables: "iptables",
  "iptables-save": "iptables",
  "ip6tables-save": "iptables",
  "iptables-restore": "iptables",
  "ip6tables-restore": "iptables",
  "iptables-nft-save": "iptables",
  "ip6tables-nft-save": "iptables",
  "iptables-nft-restore": "iptables",
  "ip6tables-nft-restore": "iptables",
  "iptables-legacy-save": "iptables",
  "ip6tables-legacy-save": "iptables",
  "iptables-legacy-restore": "iptables",
  "ip6tables-legacy-restore": "iptables",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sshd: "openssh-server",
  ip: "iproute2",
  ss: "iproute2",
  cat: "coreutils",
  ls: "coreutils",
  readlink: "coreutils",
  stdbuf: "coreutils",
  tail: "coreutils",
  test: "coreutils",
  nsenter: "util-linux",
  setpriv: "util-linux",
  unshare: "util-linux",
  wg: "wireguard-tools",
};

/** The error of a program that is not there, with the way to get it. */
function missing(tool: string): ToolFailure {
  const name = PACKAGES[tool] ?? tool;
  return new ToolFailure(
    tool,
    null,
    "not found on this machine",
    `install it with the system's package manager, for example: apt-get install ${name}`,
    true,
  );
}
