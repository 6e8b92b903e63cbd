/**
 * Listens and connects in a namespace, as JSON lines on standard input ask for; answers on standard
 * output, each line with the `id` of its request.
 *
 * What listens says who it is in one line, and then says again whatever it is told.
 */
import dgram from "node:dgram";
import net from "node:net";
import { TextLineStream } from "@std/streams/text-line-stream";

/** One request. */
export type SocketRequest =
  | { readonly do: "listen"; readonly port: number; readonly banner: string }
  | {
    readonly do: "connect";
    readonly address: string;
    readonly port: number;
    /** A local address to connect from. */
    readonly source?: string;
    readonly sourcePort?: number;
    /** For how long no answer is not yet silence. */
    readonly timeoutMs: number;
    /** Whether the connection stays; it is closed as soon as it is known who is there unless given. */
    readonly keep?: boolean;
  }
  /** Answers datagrams with a line, those alone that ask for it. */
  | { readonly do: "receive"; readonly port: number; readonly banner: string }
  | {
    readonly do: "send";
    readonly address: string;
    readonly port: number;
    readonly source: string;
    readonly sourcePort: number;
    readonly isAnswered: boolean;
    /** For how long no answer is nothing. */
    readonly timeoutMs: number;
  }
  /** Whether a connection still carries a line there and back. */
  | { readonly do: "echo"; readonly session: number };

/** How a connection ended: what the other side said, or why there is none. */
export interface Outcome {
  readonly answer: string;
  /** Names the connection, if it stays. */
  readonly session: number | null;
}

/** For what is there, however slow the machine is. */
const PATIENCE_MS = 30_000;
/** Milliseconds for a turn of the event loop. */
const LATE_MS = 50;

const servers: net.Server[] = [];
const sessions: net.Socket[] = [];

async function handle(request: SocketRequest): Promise<unknown> {
  if (request.do === "listen") return await listen(request.port, request.banner);
  if (request.do === "connect") return await connect(request);
  if (request.do === "receive") return await receive(request.port, request.banner);
  if (request.do === "send") return await send(request);
  const socket = sessions[request.session]!;
  if (socket.destroyed) return false;
  const heard = nextLine(socket, PATIENCE_MS);
  socket.write("still there\n");
  return await heard === "still there";
}

async function listen(port: number, banner: string): Promise<void> {
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`${banner}\n`);
    socket.on("data", (bytes) => socket.write(bytes));
  });
  servers.push(server);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "::", resolve);
  await promise;
}

async function receive(port: number, banner: string): Promise<void> {
  for (const [type, address] of [["udp4", "0.0.0.0"], ["udp6", "::"]] as const) {
    const socket = dgram.createSocket({ type, ipv6Only: type === "udp6" });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("error", reject);
    socket.on("message", (text, from) => {
      if (String(text) === "ask") socket.send(banner, from.port, from.address);
    });
    socket.bind(port, address, resolve);
    await promise;
  }
}

async function send(
  { address, port, source, sourcePort, isAnswered, timeoutMs }: SocketRequest & { do: "send" },
): Promise<string> {
  const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  socket.once("error", reject);
  socket.once("message", (text) => resolve(String(text)));
  socket.bind(sourcePort, source, () => {
    socket.send(isAnswered ? "ask" : "hush", port, address);
    timer = setTimeout(() => {
      timer = setTimeout(() => resolve("nothing"), LATE_MS);
    }, timeoutMs);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

async function connect(
  { address, port, source, sourcePort, timeoutMs, keep = false }: SocketRequest & { do: "connect" },
): Promise<Outcome> {
  const socket = net.connect({
    host: address,
    port,
    ...source === undefined ? {} : { localAddress: source },
    ...sourcePort === undefined ? {} : { localPort: sourcePort },
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // If this process has had no turn for so long, an answer that came in time is read first.
  let timer = setTimeout(() => {
    timer = setTimeout(() => resolve("silence"), LATE_MS);
  }, timeoutMs);
  socket.on("error", (error: Error & { code?: string }) => {
    if (error.code === "ECONNREFUSED") resolve("refused");
    else if (error.code === "ETIMEDOUT") resolve("silence");
    else reject(error);
  });
  socket.once("connect", () => {
    clearTimeout(timer); // somebody is there, so what they say is worth waiting for
    nextLine(socket, PATIENCE_MS).then((line) => resolve(line ?? "no word"));
  });
  try {
    const answer = await promise;
    const isKept = keep && answer !== "silence" && answer !== "refused";
    if (!isKept) socket.destroy();
    return { answer, session: isKept ? sessions.push(socket) - 1 : null };
  } finally {
    clearTimeout(timer);
  }
}

/** The next line that a peer says; null if the connection ends or is silent. */
function nextLine(socket: net.Socket, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    let text = "";
    const end = (line: string | null): void => {
      clearTimeout(timer);
      socket.off("data", take);
      socket.off("close", ended);
      resolve(line);
    };
    const take = (bytes: Uint8Array): void => {
      text += new TextDecoder().decode(bytes);
      if (text.includes("\n")) end(text.split("\n")[0]!);
    };
    const ended = (): void => end(null);
    const timer = setTimeout(() => end(null), timeoutMs);
    socket.on("data", take);
    socket.once("close", ended);
  });
}

if (import.meta.main) {
  const lines: ReadableStream<string> = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const { id, ...request } = JSON.parse(line);
    handle(request).then(
      (result) => say({ id, result: result ?? null }),
      (error) => say({ id, error: { message: String(error) } }),
    );
  }
  Deno.exit(0);
}

function say(answer: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(answer) + "\n"));
}
