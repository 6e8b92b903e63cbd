import { orStop } from "./stop.ts";
import type { Step } from "./step.ts";

/** The person who sets a machine up, or the script that does. */
export interface Talk {
  /** Shows a line. */
  say(line: string): void;
  /** Asks, and waits for a line; null if there is none to come, or the signal was aborted. */
  ask(question: string, signal: AbortSignal): Promise<string | null>;
}

/** How the steps are taken. */
export interface WalkOptions {
  /** Whether every question counts as answered by yes. */
  readonly yes: boolean;
  /** Whether the steps are shown and not done. */
  readonly dryRun: boolean;
  /** Whether what is already so can be seen; else every step is shown as if it were to be done. */
  readonly canLook: boolean;
  /** Aborted when the person wants to stop. */
  readonly signal: AbortSignal;
}

/** Where the steps ended. */
export interface Walked {
  /** The names of the steps that are done, or were already. */
  readonly done: readonly string[];
  /** The step at which the person stopped; null after the last. */
  readonly stoppedAt: string | null;
}

const INDENT = "    ";

/**
 * Takes the steps in turn: each is shown before it is done, and one that is already so is passed over in
 * one line. What a step does not finish is for the next time: whatever is done stays done.
 *
 * @throws {Failure} of a step that cannot be done
 */
export async function walk(
  steps: readonly Step[],
  talk: Talk,
  { yes, dryRun, canLook, signal }: WalkOptions,
): Promise<Walked> {
  const done: string[] = [];
  const tell = (line: string): void => talk.say(`${INDENT}${line}`);
  for (const [at, step] of steps.entries()) {
    const say = (what: string): void => talk.say(`${at + 1}/${steps.length} ${step.name}: ${what}`);
    const already = canLook ? await orStop(step.already(), signal) : null;
    if (signal.aborted) return { done, stoppedAt: step.name };
    if (already !== null) {
      say(already);
      done.push(step.name);
      continue;
    }
    say(await step.plan());
    for (const line of await step.text?.() ?? []) tell(line);
    if (dryRun) continue;
    if (step.question !== undefined && !yes && !await agrees(step, talk, signal)) {
      return { done, stoppedAt: step.name };
    }
    const outcome = await step.run(tell, signal);
    if (outcome === null) return { done, stoppedAt: step.name };
    if (outcome !== "") tell(outcome);
    done.push(step.name);
  }
  return { done, stoppedAt: null };
}

async function agrees(step: Step, talk: Talk, signal: AbortSignal): Promise<boolean> {
  const { text, isYesNo } = step.question!;
  for (;;) {
    const line = await talk.ask(`${INDENT}${text}${isYesNo ? " [Y/n] " : " "}`, signal);
    if (line === null || signal.aborted) return false;
    const answer = line.trim().toLowerCase();
    if (!isYesNo || ["", "y", "yes"].includes(answer)) return true;
    if (["n", "no"].includes(answer)) return false;
  }
}
