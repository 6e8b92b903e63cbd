import { type KeyNote, noteOfHost, type SavedHost, scheduleOf } from "./hosts.ts";
import { idOf, parseTarget, sshCommand, sshLink, type Target } from "./target.ts";
import { Timetable } from "./timetable.ts";

/** A host while the page is open: what is kept of it, and what follows from that. */
export class Entry {
  private constructor(
    readonly host: SavedHost,
    readonly timetable: Timetable,
    readonly note: KeyNote,
    readonly target: Target | null,
    readonly id: number,
  ) {}

  /** Makes ready what is shown. */
  static async open(host: SavedHost): Promise<Entry> {
    const target = host.target === "" ? null : parseTarget(host.target);
    const [schedule, note, id] = await Promise.all([
      scheduleOf(host),
      noteOfHost(host),
      target === null ? 0 : idOf(target),
    ]);
    return new Entry(host, new Timetable(schedule), note, target, id);
  }

  /** The address that opens an app, null if the host is unknown. */
  link(port: number): string | null {
    return this.target === null ? null : sshLink(this.target, port, this.id);
  }

  /** The command to paste into a terminal, null as for {@linkcode link}. */
  command(port: number): string | null {
    return this.target === null ? null : sshCommand(this.target, port);
  }
}

/** Kind and fingerprint of a key in a sentence, as `c3po key check` has them. */
export function describe({ kind, fingerprint, ports }: KeyNote): string {
  const range = ports === "1024-65535" ? "" : `, ports ${ports}`;
  if (kind === "random") return `Key with fingerprint ${fingerprint}${range}`;
  return kind === "passphrase"
    ? "Key made from a passphrase; it shows no fingerprint, which would help to guess it"
    : "Classic secret of 2007, easy to guess for whoever sees the ports; it shows no fingerprint";
}
