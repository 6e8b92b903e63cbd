import { fromFileUrl } from "@std/path";
import type { Namespace } from "./namespace.ts";
import type { Child } from "./process.ts";
import type { Serving } from "./serve.ts";

const KNOCKER = fromFileUrl(new URL("./knocker.ts", import.meta.url));

/** What a knocker says of one attempt. Times are unix milliseconds. */
export interface Attempt {
  readonly began: number;
  readonly ended: number;
  /** The minute of its clock. */
  readonly minute: number;
  readonly hostname: string;
  readonly port: number;
  /** The first characters it was greeted with, or an error. */
  readonly answer: string;
}

/** How somebody knocks. */
export interface Knocks {
  /** Unix milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Milliseconds between two knocks. */
  readonly every: number;
  /** A moment around which there are as many knocks as there can be, in unix milliseconds. */
  readonly around?: number;
  /** How far the client's clock is ahead, in milliseconds. */
  readonly ahead?: number;
}

/** Somebody who knocks again and again at the port that their clock names. */
export class Knocker {
  private constructor(readonly child: Child) {}

  /** Starts one, and waits until it may begin. */
  static async start(
    from: Namespace,
    serving: Serving,
    addresses: readonly string[],
  ): Promise<Knocker> {
    const args = ["run", "--no-prompt", "-A", KNOCKER, serving.keyFile, ...addresses];
    const child = from.spawn(Deno.execPath(), args, { stdin: "piped" });
    await child.waitForLine(/^ready$/);
    return new Knocker(child);
  }

  /** Knocks, once. */
  async knock(knocks: Knocks): Promise<Attempt[]> {
    await this.child.write(JSON.stringify(knocks));
    await this.child.closeInput();
    const { success } = await this.child.finished();
    if (!success) throw new Error(this.child.text());
    return this.child.lines.slice(1).map(({ text }) => JSON.parse(text));
  }
}
