import { configureSync, type LogRecord } from "@logtape/logtape";

/** A line of the log, as a test looks at it. */
export interface Line {
  readonly level: string;
  readonly event: string;
  readonly sentence: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps what is logged from now on, instead of printing it. */
export function keepLog(): Line[] {
  const lines: Line[] = [];
  configureSync({
    sinks: { kept: (record) => lines.push(lineOf(record)) },
    loggers: [
      { category: ["c3po"], lowestLevel: "info", sinks: ["kept"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["kept"] },
    ],
    reset: true,
  });
  return lines;
}

function lineOf({ level, message, properties }: LogRecord): Line {
  const { event, ...fields } = properties;
  return { level, event: String(event), sentence: message.map(String).join(""), fields };
}
