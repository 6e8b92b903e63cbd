import { assert, assertEquals, assertMatch } from "@std/assert";
import { forwardConnections } from "../../src/client/forward.ts";
import { listenAt } from "../../src/os/local_listener.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteStart } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { systemClock } from "../../src/os/clock.ts";
import type { Terminal } from "../../src/os/terminal.ts";
import vectors from "../vectors-derived.json" with { type: "json" };

const SCHEDULE = await Schedule.of(parseKey(vectors.derive[3]!.key));

/** A server that answers each line with its name before it, where one port is open at a time. */
class Server implements Disposable {
  #listener: Deno.TcpListener | null = null;

  /** Opens the port of another minute instead of the one before; what is connected stays. */
  async turnTo(minute: number): Promise<void> {
    this.#listener?.close();
    const { ssh } = await SCHEDULE.ports(minute, 0);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: ssh });
    this.#serve(this.#listener, `minute ${minute}: `);
  }

  async #serve(listener: Deno.TcpListener, name: string): Promise<void> {
    for await (const conn of listener) {
      (async () => {
        for (let said = await read(conn); said !== null; said = await read(conn)) {
          await write(conn, name + said);
        }
        await write(conn, "over");
        conn.close();
      })();
    }
  }

  [Symbol.dispose](): void {
    this.#listener?.close();
  }
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

async function read(conn: Deno.Conn): Promise<string | null> {
  const buffer = new Uint8Array(1024);
  const count = await conn.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

async function ask(conn: Deno.Conn, text: string): Promise<string | null> {
  await write(conn, text);
  return await read(conn);
}

/** Three minutes in a row whose ports nobody here listens on. */
async function freeMinutes(): Promise<number> {
  for (let first = vectors.minute;; first++) {
    try {
      for (const minute of [first, first + 1, first + 2]) {
        Deno.listen({ hostname: "127.0.0.1", port: (await SCHEDULE.ports(minute, 0)).ssh }).close();
      }
      return first;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

interface Forward {
  readonly connect: () => Promise<Deno.TcpConn>;
  readonly setMinute: (minute: number) => void;
  readonly notes: string[];
  readonly stop: () => Promise<void>;
}

/** A forward to a server on this machine, by a clock of its own. */
function started(): Forward {
  let now = 0;
  const notes: string[] = [];
  const terminal: Terminal = {
    out: () => {},
    raw: () => {},
    pass: () => {},
    note: (line) => notes.push(line),
    interactive: false,
  };
  const listener = listenAt("127.0.0.1", 0);
  const clock = { ...systemClock, now: () => now };
  const address = { name: "server", hostname: "127.0.0.1", source: "a file" };
  const target = { ...address, schedule: SCHEDULE, traps: undefined, door: null, clock };
  const running = forwardConnections(listener, target, terminal);
  return {
    connect: () => Deno.connect({ hostname: "127.0.0.1", port: listener.port }),
    setMinute: (minute) => now = minuteStart(minute) + 30_000,
    notes,
    stop: async () => {
      listener.close();
      await running;
    },
  };
}

Deno.test("each connection goes through the port of its minute, and stays when that changes", async () => {
  const first = await freeMinutes();
  using server = new Server();
  const forward = started();
  const conns: Deno.TcpConn[] = [];
  for (const minute of [first, first + 1, first + 2]) {
    await server.turnTo(minute);
    forward.setMinute(minute);
    const conn = await forward.connect();
    conns.push(conn);
    for (const [at, each] of conns.entries()) {
      assertEquals(await ask(each, "hello"), `minute ${first + at}: hello`);
    }
  }
  await forward.stop();
  for (const [at, conn] of conns.entries()) {
    assertEquals(await ask(conn, "still"), `minute ${first + at}: still`);
    // An end is passed on, and what comes back behind it arrives.
    await conn.closeWrite();
    assertEquals([await read(conn), await read(conn)], ["over", null]);
    conn.close();
  }
  assertEquals(forward.notes, []);
});

Deno.test("a connection that leads nowhere is closed, and the reason told once a minute", async () => {
  const first = await freeMinutes();
  const forward = started();
  forward.setMinute(first);
  for (let count = 0; count < 3; count++) {
    const conn = await forward.connect();
    assertEquals(await read(conn).catch(() => null), null);
    conn.close();
  }
  assertEquals(forward.notes.length, 2);
  assertMatch(forward.notes[0]!, /^c3po: error: "server" is up, but this minute's port is not/);
  forward.setMinute(first + 1);
  const conn = await forward.connect();
  assertEquals(await read(conn).catch(() => null), null);
  conn.close();
  assertEquals(forward.notes.length, 4);
  await forward.stop();
});

Deno.test("when the program hangs up in the middle, so does the forward", async () => {
  const first = await freeMinutes();
  using server = new Server();
  await server.turnTo(first);
  const forward = started();
  forward.setMinute(first);
  const closed = await forward.connect();
  closed.close();
  const conn = await forward.connect();
  assertEquals(await ask(conn, "next"), `minute ${first}: next`);
  conn.close();
  await forward.stop();
  assert(forward.notes.length === 0, forward.notes.join("\n"));
});
