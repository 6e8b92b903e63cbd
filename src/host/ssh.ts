import { Failure } from "../core/errors.ts";
import { readSshSettings, type SshSettings } from "../core/ssh_settings.ts";
import type { Result } from "./tool.ts";
import { notStarted } from "./tool_failure.ts";

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
    throw new Failure("ssh -G did not tell where it would connect to", {
      hint: "c3po needs OpenSSH 6.8 or later",
    });
  }
  return { settings, code, stderr };
}

/**
 * The name behind what the user typed, as ssh itself resolves it from its configuration.
 *
 * @returns null if ssh is missing or does not understand the name
 */
export async function resolveHost(name: string | undefined): Promise<string | null> {
  // A name that looks like an option must not become one.
  if (name === undefined || name.startsWith("-")) return null;
  try {
    return (await askSsh(["--", name])).settings?.hostname ?? null;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * Runs ssh to its end, with nothing on stdin.
 *
 * @throws {Failure} if ssh is missing
 */
export async function runSsh(args: readonly string[]): Promise<Result> {
  try {
    const { code, stdout, stderr } = await new Deno.Command("ssh", {
      args: [...args],
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } catch (error) {
    throw notStarted("ssh", error);
  }
}
