/** A chain of the table, as data. */
export interface Chain {
  readonly name: string;
  /** Where the kernel calls it; null for one that others jump to. */
  readonly hook: string | null;
  readonly rules: readonly string[];
  /** Whether its rules look something up in maps that come and go with them. */
  readonly hasMaps?: boolean;
}

/** Which of two chains holds the rules that count; the other one is empty. */
export type Bank = 0 | 1;

/**
 * The three chains that stand for one with maps. When a rule goes, the kernel forgets its map at once, also
 * for a packet that has already begun to follow the old rules: it would find its port nowhere. So new rules
 * are written into the other bank, the packets are led there, and only then the old ones go.
 */
export function banked({ name, hook, rules }: Chain, bank: Bank): Chain[] {
  const banks = ([0, 1] as const).map((each) => ({
    name: bankName(name, each),
    hook: null,
    rules: each === bank ? rules : [],
  }));
  return [{ name, hook, rules: [`goto ${bankName(name, bank)}`] }, ...banks];
}

/** The chain that holds the rules of another one. */
export function bankName(name: string, bank: Bank): string {
  return `${name}${bank}`;
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
