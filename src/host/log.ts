import { configureSync, type LogRecord } from "@logtape/logtape";

/**
 * Sends the log to stderr, a line an event: `time level event key=value …`, or a JSON object.
 * systemd's journal adds a time of its own; the one here is for everybody else.
 */
export function startLog(format: "text" | "json"): void {
  const write = format === "json" ? asJson : asText;
  configureSync({
    sinks: {
      stderr: (record) => {
        Deno.stderr.writeSync(new TextEncoder().encode(write(record) + "\n"));
      },
    },
    loggers: [
      { category: ["c3po"], lowestLevel: "info", sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
    reset: true,
  });
}

function asText(record: LogRecord): string {
  const fields = Object.entries(record.properties).map(([key, value]) => `${key}=${quoted(value)}`);
  return [timeOf(record), record.level, messageOf(record), ...fields].join(" ");
}

function asJson(record: LogRecord): string {
  return JSON.stringify({
    time: timeOf(record),
    level: record.level,
    event: messageOf(record),
    ...record.properties,
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
