import { encodeHex } from "@std/encoding/hex";
import { Failure } from "../../os/errors.ts";
import { readText, writePrivate } from "../../os/files.ts";
import { runOwn } from "../../os/own_run.ts";
import { join } from "../../os/path.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import type { Configuration } from "../../server/context.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import type { TrialNews } from "../../server/setup/machine.ts";
import { AGAIN } from "../../server/setup/steps.ts";
import { settingVariable } from "../server_config.ts";

/** The file that remembers for which key and settings a trial was passed. */
const PASSED = "trial-passed";

/** What a trial is about. */
type Tried = Pick<Configuration, "config" | "server">;

/** Whether a trial of this very configuration has been passed. */
export async function hasPassed(configuration: Tried, folder: string): Promise<boolean> {
  const mark = await markOf(configuration);
  return mark !== null && await readText(join(folder, PASSED)) === mark;
}

/** Remembers that a trial of this configuration has been passed. */
export async function rememberPassed(configuration: Tried, folder: string): Promise<void> {
  const mark = await markOf(configuration);
  if (mark !== null) await writePrivate(join(folder, PASSED), mark, true);
}

/**
 * Stands for a configuration: another key or another setting has another one. It tells neither.
 *
 * @returns null for a key without a fingerprint, since what stands for it would help to guess it
 */
async function markOf({ config, server }: Tried): Promise<string | null> {
  const key = server === null ? null : await fingerprint(server.key);
  if (server !== null && key === null) return null;
  const text = JSON.stringify([key, config]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `${encodeHex(new Uint8Array(digest))}\n`;
}

/**
 * Runs `c3po serve --try` as the service would run: with the settings of the file, and none of this
 * environment. Ends it after the first login.
 *
 * @param seconds how long it waits for a login
 * @returns the addresses that logged in; null if the signal was aborted before
 * @throws {Failure} with what `serve` said, if it did not start or was rolled back
 */
export async function runTrial(
  seconds: number,
  tell: (news: TrialNews) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const settings = SERVER_OPTIONS.map(({ name }) => [settingVariable(name), ""]);
  const passed = new AbortController();
  const ended = AbortSignal.any([signal, passed.signal]);
  let address: string | null = null;
  let [message, hint] = ["", ""];
  const hear = (line: string): void => {
    message = after("c3po: error: ", line) ?? message;
    hint = after("c3po: hint: ", line) ?? hint;
    const event = eventIn(line);
    if (event === null) return;
    if (event.event === "trial_passed") {
      address = event.address ?? "";
      passed.abort();
    }
    const news = newsOf(event);
    if (news !== null && !ended.aborted) tell(news);
  };
  const code = await runOwn({
    args: ["serve", "--try", `${seconds}s`, "--log-format", "json"],
    env: Object.fromEntries(settings),
    hear,
    signal: ended,
  });
  if (address !== null && code === 0) return address;
  if (signal.aborted && code === 0) return null;
  throw new Failure(message || `c3po serve --try ended with exit code ${code}`, {
    hint: hint === "" ? `try it again: ${AGAIN}` : `${hint}; then go on with: ${AGAIN}`,
  });
}

/** What a line of the log tells, as far as this reads it. */
type Event = Readonly<
  Partial<Record<"event" | "level" | "message" | "next" | "left" | "address", string>>
>;

function eventIn(line: string): Event | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value as Event : null;
  } catch {
    return null; // an error, or a word of the watchdog
  }
}

function newsOf({ event, level, message, next, left }: Event): TrialNews | null {
  if (event === "started") return { kind: "open" };
  if (event === "trial_pending") return left === undefined ? null : { kind: "left", time: left };
  if (level !== "warning" && level !== "error") return null;
  return { kind: "warning", text: next === undefined ? `${message}` : `${message}; ${next}` };
}

function after(start: string, line: string): string | undefined {
  return line.startsWith(start) ? line.slice(start.length) : undefined;
}
