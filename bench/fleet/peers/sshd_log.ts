import type { Offence } from "../way.ts";

/**
 * A log file of sshd, in which the attackers of a peer are found.
 *
 * The time of a peer begins when sshd writes the line. What came before, as the connection, the login and the
 * way of a line through syslog, is not in it.
 */
export class SshdLog {
  #attackers = 0;

  private constructor(readonly file: string) {}

  /** Makes the file, empty: tools that read logs want it to be there when they start. */
  static async create(file: string): Promise<SshdLog> {
    await Deno.writeTextFile(file, "");
    return new SshdLog(file);
  }

  /** Writes what sshd says by way of syslog of a login that failed, each time from another address. */
  async failedLogin(): Promise<Offence> {
    const number = ++this.#attackers;
    const address = `198.18.${number >> 8}.${number & 255}`;
    const began = Date.now();
    const line = `${syslogTime(new Date(began))} web1 sshd[4711]: ` +
      `Invalid user admin from ${address} port 50000\n`;
    await Deno.writeTextFile(this.file, line, { append: true });
    return { address, began };
  }
}

/** Local time as syslog writes it: `Nov  9 03:58:01`. */
function syslogTime(date: Date): string {
  const [, month, day, , time] = date.toString().split(" ");
  return `${month} ${day!.replace(/^0/, " ")} ${time}`;
}
