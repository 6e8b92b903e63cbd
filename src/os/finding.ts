/** `ok`: nothing to do; `warn`: works, but should be looked at; `fail`: does not work. */
export type Grade = "ok" | "warn" | "fail";

/** What one step of `c3po check` found. */
export interface Finding {
  readonly grade: Grade;
  /** What was looked at, in a word. */
  readonly what: string;
  /** What it is like, in one line. */
  readonly found: string;
  /** What to do about it. */
  readonly todo?: string;
}

/** Findings for people: a line each, and below it what to do. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ what }) => what.length));
  return findings.map(({ grade, what, found, todo }) => {
    const line = `${grade.padEnd(4)}  ${what.padEnd(width)}  ${found}\n`;
    return todo === undefined ? line : `${line}${" ".repeat(width + 8)}-> ${todo}\n`;
  }).join("");
}

/** Whether nothing found keeps C3PO from working. */
export function allWork(findings: readonly Finding[]): boolean {
  return findings.every(({ grade }) => grade !== "fail");
}
