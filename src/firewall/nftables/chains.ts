/** A chain of the table, as data. */
export interface Chain {
  readonly name: string;
  /** Where the kernel calls it; null for one that others jump to. */
  readonly hook: string | null;
  readonly rules: readonly string[];
}

/** The text of a chain within its table. */
export function chainText({ name, hook, rules }: Chain): string {
  const lines = hook === null ? rules : [hook, ...rules];
  return `\tchain ${name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`;
}

/** A packet that opens a connection, as `iptables --syn` has it. */
export const SYN = "tcp flags & (fin | syn | rst | ack) == syn";
/** A packet that may belong to a connection. */
export const RUNNING = "tcp flags & (syn | rst) == 0";
/** A packet of a redirected connection that both sides have agreed to. */
export const COMPLETING =
  "ct status dnat ct direction original ct state established tcp flags & (rst | ack) == ack";
/** Not over loopback. */
export const OUTSIDE = `iif != "lo"`;
