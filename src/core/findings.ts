/** How bad something is: a problem keeps C3PO from working or shuts somebody out. */
export type Level = "ok" | "warning" | "problem";

/** One thing that was looked at. */
export interface Finding {
  readonly level: Level;
  /** What was looked at, in a word or two. */
  readonly about: string;
  /** What was found. */
  readonly found: string;
  /** What to do; for an `ok` there is nothing to do. */
  readonly next?: string;
}

/** All is well with something. */
export function ok(about: string, found: string): Finding {
  return { level: "ok", about, found };
}

/** Something works, but may surprise. */
export function warning(about: string, found: string, next: string): Finding {
  return { level: "warning", about, found, next };
}

/** Something does not work. */
export function problem(about: string, found: string, next: string): Finding {
  return { level: "problem", about, found, next };
}

/** The findings for a person: one line each, and what to do below it. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  return findings.map(({ level, about, found, next }) => {
    const line = `${level.padEnd(7)}  ${about.padEnd(width)}  ${found}\n`;
    return next === undefined ? line : `${line}${" ".repeat(width + 11)}→ ${next}\n`;
  }).join("") + `${summary(findings)}\n`;
}

/** The findings for scripts. */
export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ good: !hasProblem(findings), findings }) + "\n";
}

/** Whether any finding is a problem. */
export function hasProblem(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "problem");
}

function summary(findings: readonly Finding[]): string {
  const count = (level: Level, name: string): string => {
    const found = findings.filter((each) => each.level === level).length;
    return `${found} ${name}${found === 1 || level === "ok" ? "" : "s"}`;
  };
  return `${count("ok", "ok")}, ${count("warning", "warning")}, ${count("problem", "problem")}`;
}
