import { setImmediate } from "node:timers";
import type { Statement } from "../../../src/fleet/line.ts";
import { publicKeyOf } from "../../../src/fleet/member.ts";
import { formatMessage, type FromCarrier, parseToCarrier } from "../../../src/fleet/messages.ts";
import type { ToCarrier } from "../../../src/fleet/messages.ts";
import { Signer } from "../../../src/fleet/signature.ts";
import type { Channel, ChannelListener } from "../../../src/os/local_socket.ts";
import { formatKey } from "../../../src/schedule/key_text.ts";
import { readShareSetting, type ShareSetting } from "../../../src/server/share_settings.ts";
import type { Server } from "./server.ts";

/** How many of the server's parts wait for the clock without a carrier, and with one. */
const [ALONE, CONNECTED] = [3, 4];
/** Real milliseconds after which a server is taken to hang. */
const HANGS_MS = 60_000;

/** The end of a channel that a test holds, and the other one that the server has. */
class Pipe {
  readonly #waiting: (readonly string[])[] = [];
  #wake: () => void = () => {};
  #isClosed = false;
  #isAwaited = false;

  /** Whether all that was said has been dealt with, or nobody listens any more. */
  get isIdle(): boolean {
    return this.#isClosed || (this.#isAwaited && this.#waiting.length === 0);
  }

  push(text: string): void {
    this.#waiting.push(text.split("\n").slice(0, -1));
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *lines(): AsyncGenerator<readonly string[]> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#isClosed) return;
      else {
        this.#isAwaited = true;
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#isAwaited = false;
      }
    }
  }
}

/** A socket to which a test connects as `c3po share` does. */
export class FakeSocket implements ChannelListener {
  readonly #accepted = new Pipe();
  readonly #channels: Channel[] = [];

  get channels(): AsyncIterable<Channel> {
    return this.#accept();
  }

  async *#accept(): AsyncGenerator<Channel> {
    for await (const _ of this.#accepted.lines()) yield this.#channels.shift()!;
  }

  close(): void {
    this.#accepted.close();
  }

  /** Connects. */
  connect(server: Server): Carrier {
    server.waiting = CONNECTED;
    const [there, here] = [new Pipe(), new Pipe()];
    const close = (): void => {
      there.close();
      here.close();
    };
    this.#channels.push({
      lines: there.lines(),
      write: (text) => Promise.resolve(here.push(text)),
      close,
    });
    this.#accepted.push("\n");
    return new Carrier(there, here, close);
  }
}

/** What stands in for `c3po share` and the store: a test says what they do. */
export class Carrier {
  readonly heard: ToCarrier[] = [];
  readonly #there: Pipe;
  readonly close: () => void;

  constructor(there: Pipe, here: Pipe, close: () => void) {
    this.#there = there;
    this.close = close;
    (async () => {
      for await (const lines of here.lines()) this.heard.push(...lines.map(parseToCarrier));
    })();
  }

  /** Says something, and waits until the server rests. */
  async say(server: Server, ...messages: FromCarrier[]): Promise<void> {
    for (const message of messages) this.#there.push(formatMessage(message));
    await this.#rest(server);
  }

  /** Says something that is no message, for which the server hangs up. */
  async babble(server: Server, text: string): Promise<void> {
    server.waiting = ALONE;
    this.#there.push(text);
    await this.#rest(server);
  }

  /** Hangs up. */
  async leave(server: Server): Promise<void> {
    this.close();
    server.waiting = ALONE;
    await this.#rest(server);
  }

  /** To sign and to verify takes real time on another thread. */
  async #rest(server: Server): Promise<void> {
    const giveUp = performance.now() + HANGS_MS;
    for (let turns = 1; !this.#there.isIdle; turns++) {
      if (performance.now() > giveUp) throw new Error("nobody listens to the carrier");
      await new Promise<void>((resolve) => setImmediate(resolve));
      // Who worked for long rests by the clock.
      if (turns % 100 === 0) await server.clock.advance(10);
    }
    await server.clock.advance(0);
  }

  /** The lines that were published. */
  get published(): string[] {
    return this.heard.flatMap((message) => message.do === "publish" ? [message.line] : []);
  }
}

const SEEDS: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  web1: new Uint8Array(32).fill(1),
  web2: new Uint8Array(32).fill(2),
  web3: new Uint8Array(32).fill(3),
  admin: new Uint8Array(32).fill(9),
};

let seq = 0;

/** A line of a member. */
export async function lineOf(member: string, statement: Statement): Promise<string> {
  const signer = await Signer.of(SEEDS[member]!);
  return await signer.sign({ member, seq: ++seq, time: 5, statement });
}

/** A report of web2. */
export function ban(address: string, seconds = 900): Statement {
  return { verb: "ban", address, seconds, evidence: "confirmed", offences: 1 };
}

/** What a line says, without numbers, time and signature. */
export function said(line: string): string {
  return line.split(" ").slice(4, -1).join(" ");
}

/** Writes the files of a member, web1, and tells the setting that names them. */
export async function membership(
  folder: string,
  changes: Record<string, unknown> = {},
): Promise<ShareSetting> {
  const [key, members, credentials] = ["member.key", "members", "store.toml"]
    .map((name) => `${folder}/${name}`) as [string, string, string];
  const lines = ["web1", "web2", "web3"].map(async (name) =>
    `${name} ${await publicKeyOf(SEEDS[name]!)}\n`
  );
  await Deno.writeTextFile(members, (await Promise.all(lines)).join(""));
  const own = formatKey({ kind: "member", bytes: SEEDS["web1"]! });
  await Deno.writeTextFile(key, own + "\n", { mode: 0o600 });
  await Deno.writeTextFile(credentials, 'username = "web1"\npassword = "hunter2"\n', {
    mode: 0o600,
  });
  const table = {
    store: "rediss://bans.example.org",
    key,
    members,
    credentials,
    admin: await publicKeyOf(SEEDS["admin"]!),
    ...changes,
  };
  return readShareSetting(table, "server.toml")!;
}
