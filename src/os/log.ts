import { configureSync, type LogRecord } from "@logtape/logtape";
import { visible } from "./printable.ts";

/**
 * Sends the log to stderr, a line an event: `time level sentence event=name key=value …`, or a JSON
 * object. systemd's journal adds a time of its own; the one here is for other readers.
 *
 * @param isJournal whether stderr leads to the journal, which takes the level from the head of a line
 */
export function startLog(format: "text" | "json", isJournal = false): void {
  const line = format === "json" ? asJson : asText;
  const write = isJournal
    ? (record: LogRecord) => `<${PRIORITIES[record.level]}>${line(record)}`
    : line;
  configureSync({
    sinks: {
      stderr: (record) => {
        const line = visible(write(record)).replaceAll("\n", "\\n");
        Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
      },
    },
    loggers: [
      { category: ["c3po"], lowestLevel: "info", sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
    reset: true,
  });
}

/** The levels as sd-daemon(3) counts them. */
const PRIORITIES: Readonly<Record<LogRecord["level"], number>> = {
  fatal: 2,
  error: 3,
  warning: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

function asText(record: LogRecord): string {
  const fields = Object.entries(record.properties).map(([key, value]) => `${key}=${quoted(value)}`);
  return [timeOf(record), record.level, messageOf(record), ...fields].join(" ");
}

function asJson(record: LogRecord): string {
  return JSON.stringify({
    time: timeOf(record),
    level: record.level,
    ...record.properties,
    message: messageOf(record),
  });
}

function timeOf(record: LogRecord): string {
  return new Date(record.timestamp).toISOString();
}

function messageOf(record: LogRecord): string {
  return record.message.map(String).join("");
}

/** Values with spaces, quotes or line ends are quoted, so that a line stays a line of pairs. */
function quoted(value: unknown): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
