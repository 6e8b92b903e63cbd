import { number, table } from "../side/text.ts";
import { compare, type Row, settledMinute } from "./compare.ts";
import type { Run } from "./soak.ts";

/** What all runs come to. */
export interface Report {
  readonly text: string;
  readonly document: { readonly runs: readonly RunReport[]; readonly isFine: boolean };
  readonly isFine: boolean;
}

interface RunReport extends Run {
  readonly rows: readonly Row[];
  readonly verdicts: readonly string[];
}

/** Says what grew and which changes had a gap; a run of which nothing is said is fine. */
export function report(runs: readonly Run[]): Report {
  const reports = runs.map((run): RunReport => {
    const rows = compare(run.samples);
    return { ...run, rows, verdicts: verdictsOf(run, rows) };
  });
  const isFine = reports.every(({ verdicts }) => verdicts.length === 0);
  return { text: reports.map(textOf).join("\n"), document: { runs: reports, isFine }, isFine };
}

/** What is wrong, a line each. */
export function verdictsOf(run: Run, rows: readonly Row[]): string[] {
  const grown = rows.filter(({ grew }) => grew);
  const gaps = run.changes.filter(({ failed }) => failed > 0);
  const missed = run.boundaries - run.changes.length;
  return [
    ...rows.length === 0 ? ["too few minutes to compare"] : [],
    ...grown.map(({ name, settled, end }) => `${name} grew from ${settled} to ${end}`),
    ...gaps.map(({ minute, attempts, failed, gapMs }) =>
      `minute ${minute} began with a gap of ${gapMs} ms (${failed} of ${attempts} attempts failed)`
    ),
    ...gaps.length > 0 && run.overflows > 0
      ? [`sshd's queue was full for ${run.overflows} connections, which explains as many attempts`]
      : [],
    ...missed > 0 ? [`${missed} changes of minute were not seen`] : [],
    ...run.failures,
  ];
}

function textOf(run: RunReport): string {
  const { engine, samples, changes, done, rows, verdicts } = run;
  const attempts = changes.reduce((sum, each) => sum + each.attempts, 0);
  const gaps = changes.filter(({ failed }) => failed > 0).length;
  const shown = rows.filter(({ most, grew }) => most > 0 || grew).map((
    { name, settled, end, most, grew },
  ) => [
    name,
    ...[settled, end, most].map(number),
    grew ? "grew" : "",
  ]);
  const head = [engine, `minute ${settledMinute(samples.length)}`, "at the end", "most since", ""];
  return [
    `${engine}: ${samples.length} minutes; ${done.forged} times forged and ${done.own} own addresses ` +
    `met traps, ${done.login} logins, ${done.ban} bans and unbans, ${done.reload} reloads; ` +
    `${changes.length} changes of minute seen in ${attempts} attempts, ${gaps} with a gap`,
    table(head, shown),
    ...verdicts.map((each) => `failed: ${each}`),
    "",
  ].join("\n");
}
