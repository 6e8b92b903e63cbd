import { assertEquals, assertMatch } from "@std/assert";
import { minuteAt } from "../../src/schedule/minute.ts";
import { formatRandomKey, parseKey } from "../../src/schedule/key_text.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { c3poCommand, denoDirectory } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

/** Listens on loopback where the proxy will look, whatever the minute is by then. */
class Server implements Disposable {
  private constructor(readonly key: string, readonly listeners: Deno.TcpListener[]) {}

  static async create(): Promise<Server> {
    for (;;) {
      const key = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));
      const schedule = await Schedule.of(parseKey(key));
      const minute = minuteAt(Date.now());
      const listeners: Deno.TcpListener[] = [];
      try {
        for (const each of [minute, minute + 1]) {
          const { ssh } = await schedule.ports(each, 0);
          listeners.push(Deno.listen({ hostname: "127.0.0.1", port: ssh }));
        }
        return new Server(key, listeners);
      } catch (error) {
        for (const listener of listeners) listener.close();
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
  }

  accept(): Promise<Deno.TcpConn> {
    return Promise.race(this.listeners.map((listener) => listener.accept()));
  }

  [Symbol.dispose](): void {
    for (const listener of this.listeners) listener.close();
  }
}

interface Proxied extends AsyncDisposable {
  child: Deno.ChildProcess;
  conn: Deno.TcpConn;
}

async function connected(server: Server): Promise<Proxied> {
  const box = await Sandbox.create();
  const [command, ...first] = c3poCommand();
  const child = new Deno.Command(command, {
    args: [...first, "proxy", "127.0.0.1", "22"],
    env: { HOME: box.home, C3PO_SECRET: server.key, DENO_DIR: denoDirectory() },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const conn = await server.accept();
  return {
    child,
    conn,
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
    },
  };
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const all = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> =>
  await new Response(stream).text();

Deno.test("what stdin says arrives, and its end with it", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  const writer = child.stdin.getWriter();
  await writer.write(bytes("question"));
  await writer.close();
  assertEquals(await all(conn.readable), "question"); // its end came through, so this one returned
  assertEquals((await child.output()).code, 0);
});

Deno.test("an answer after the end of stdin arrives whole", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  await child.stdin.close();
  assertEquals(await conn.read(new Uint8Array(1)), null);
  const answer = "a".repeat(3_000_000);
  const written = (async () => {
    for (let rest = bytes(answer); rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    conn.close();
  })();
  const { code, stdout, stderr } = await child.output();
  await written;
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout), answer);
  assertEquals(code, 0);
});

Deno.test("the end of the connection ends the proxy, though stdin stays open", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  await conn.write(bytes("SSH-2.0-x\r\n"));
  conn.close();
  assertEquals(await all(child.stdout), "SSH-2.0-x\r\n");
  assertEquals([(await child.status).code, await all(child.stderr)], [0, ""]);
  await child.stdin.close().catch(() => {}); // nobody reads it any more
});

Deno.test("a server that has said all it will still gets what stdin is saying", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  await conn.write(bytes("SSH-2.0-x\r\n"));
  const question = "q".repeat(30_000_000);
  const writer = child.stdin.getWriter();
  const writing = writer.write(bytes(question)).then(() => writer.close());
  writing.catch(() => {}); // what did not arrive is told by the count
  const first = new Uint8Array(1000);
  const length = await conn.read(first);
  await conn.closeWrite();
  assertEquals(length! + (await all(conn.readable)).length, question.length);
  await writing;
  assertEquals(await all(child.stdout), "SSH-2.0-x\r\n");
  assertEquals([(await child.status).code, await all(child.stderr)], [0, ""]);
});

Deno.test("a reader that hangs up ends the proxy and the connection", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  await child.stdout.cancel();
  const block = new Uint8Array(65_536);
  let gone = false;
  while (!gone) gone = await conn.write(block).then(() => false, () => true);
  conn.close();
  assertEquals([(await child.status).code, await all(child.stderr)], [0, ""]);
  await child.stdin.close().catch(() => {});
});

Deno.test("what nobody takes is not read: a slow reader slows the writer down", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  const { child, conn } = proxy;
  const total = 64 * 1024 * 1024;
  const block = new Uint8Array(65_536).fill(7);
  await conn.write(bytes("SSH-2.0-x\r\n"));
  let sent = 0;
  const writing = (async () => {
    const writer = child.stdin.getWriter();
    for (; sent < total; sent += block.length) await writer.write(block);
    await writer.close();
  })();
  // Nobody reads the connection, so the writer comes to a stand long before the end.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assertEquals(sent < total / 2, true, `${sent} bytes were taken that nobody asked for`);
  let received = 0;
  for await (const chunk of conn.readable) received += chunk.length;
  await writing;
  assertEquals(received, total);
  assertEquals([(await child.status).code, await all(child.stderr)], [0, ""]);
  assertEquals(await all(child.stdout), "SSH-2.0-x\r\n");
});

Deno.test("a server that closes without a word is told from one that refuses", async () => {
  using server = await Server.create();
  await using proxy = await connected(server);
  proxy.conn.close();
  await proxy.child.stdin.close();
  const { code, stderr } = await proxy.child.output();
  assertEquals(code, 0);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^c3po: "127\.0\.0\.1" accepted the connection and closed it without a banner\nc3po: hint: its sshd/,
  );
});
