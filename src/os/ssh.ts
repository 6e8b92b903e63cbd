import { Failure } from "./errors.ts";
import { printable } from "./printable.ts";
import { readSshSettings, type SshSettings } from "./ssh_settings.ts";
import type { Result } from "./child.ts";
import { startSsh } from "./start_ssh.ts";
import { ToolFailure } from "./tool_failure.ts";

/** What `ssh -G` made of a command line. */
export interface SshAnswer {
  /** Null if ssh refuses the command line or its configuration. */
  readonly settings: SshSettings | null;
  /** The exit code ssh itself chose. */
  readonly code: number;
  /** What ssh said to the user. */
  readonly stderr: string;
}

/**
 * Asks ssh what it would do with a command line. Unlike the tools of the server it runs in the
 * user's own environment, where its configuration may look things up.
 *
 * @param args what would stand behind `ssh`
 * @throws {Failure} if ssh is missing, or cannot tell
 */
export async function askSsh(args: readonly string[]): Promise<SshAnswer> {
  const { code, stdout, stderr } = await runSsh(["-G", ...args]);
  if (code !== 0) return { settings: null, code, stderr };
  const settings = readSshSettings(stdout);
  if (settings === null) {
    throw new Failure("ssh -G did not print where it would connect", {
      hint: "c3po needs OpenSSH 6.8 or later",
    });
  }
  return { settings, code, stderr };
}

/**
 * The name behind what the user typed, as ssh itself resolves it from its configuration.
 *
 * @returns null if the name cannot be an alias: there is no ssh, or it looks like an option
 * @throws {Failure} if ssh is there and cannot be asked, or does not understand the name
 */
export async function resolveHost(name: string | undefined): Promise<string | null> {
  // A name that looks like an option must not become one.
  if (name === undefined || name.startsWith("-")) return null;
  try {
    const { settings, stderr } = await askSsh(["--", name]);
    if (settings !== null) return settings.hostname;
    const said = printable(stderr.trim().split("\n").at(-1)!);
    throw new Failure(`ssh cannot tell which host "${printable(name)}" is: ${said}`);
  } catch (error) {
    if (error instanceof ToolFailure && error.isMissing) return null;
    throw error;
  }
}

/**
 * Runs ssh to its end, with nothing on stdin.
 *
 * @throws {Failure} if ssh is missing
 */
export async function runSsh(args: readonly string[]): Promise<Result> {
  const { code, stdout, stderr } = await startSsh((how) =>
    new Deno.Command("ssh", { args: [...args], stdin: "null", ...how }).output()
  );
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
