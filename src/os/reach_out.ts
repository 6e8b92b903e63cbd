import { dial, isOpen, type Refusal } from "./dial.ts";
import { printable } from "./printable.ts";
import { pause, within } from "./timer.ts";

/** What a connection met. */
export interface Reached {
  readonly answer: "open" | Refusal;
  /** The first line that was said, without its end; null if there was none in time. */
  readonly line: string | null;
}

/** Long enough for a second SYN, after one that was lost, in milliseconds. */
const CONNECT_MS = 1500;
const LINE_MS = 1500;

/** Connects to a port, waits for a line, and hangs up. */
export async function reachOut(hostname: string, port: number): Promise<Reached> {
  const conn = await dial(hostname, port, AbortSignal.timeout(CONNECT_MS));
  if (!isOpen(conn)) return { answer: conn, line: null };
  try {
    const bytes = new Uint8Array(255);
    const count = await within(conn.read(bytes).catch(() => null), LINE_MS);
    const [line] = new TextDecoder().decode(bytes.subarray(0, count ?? 0)).split(/\r?\n/);
    return { answer: "open", line: printable(line!) || null };
  } finally {
    conn.close();
    await pause(0); // so that a read that was given up ends here
  }
}
