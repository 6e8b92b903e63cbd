import { getLogger } from "@logtape/logtape";

/** Fields of a log line besides its message. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * A log in which every line has an event name. The name is stable when the message is reworded, so tools
 * can rely on it.
 */
export interface EventLog {
  debug(event: string, sentence: string, fields?: Fields): void;
  info(event: string, sentence: string, fields?: Fields): void;
  warn(event: string, sentence: string, fields?: Fields): void;
  error(event: string, sentence: string, fields?: Fields): void;
}

/** @param category the part of the program */
export function eventLog(category: string): EventLog {
  const log = getLogger(["c3po", category]);
  return {
    debug: (event, sentence, fields) => log.debug(plain(sentence), { event, ...fields }),
    info: (event, sentence, fields) => log.info(plain(sentence), { event, ...fields }),
    warn: (event, sentence, fields) => log.warn(plain(sentence), { event, ...fields }),
    error: (event, sentence, fields) => log.error(plain(sentence), { event, ...fields }),
  };
}

/** A sentence may quote a rule; what stands in braces there is no place for a field. */
function plain(sentence: string): string {
  return sentence.replace(/[{}]/g, "$&$&");
}
