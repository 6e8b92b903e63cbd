/**
 * Connects, and prints what it met: what the other side says first, `refused`, or `silence`. With
 * `--listen` it listens instead, says who it is to whoever comes and repeats what it hears; a `ticker`
 * says more by itself.
 *
 * usage: greeting.ts ADDRESS PORT [SOURCE_PORT] | greeting.ts --listen ADDRESS PORT WORD
 */
import net from "node:net";

/** The kernel answers at once, if at all; what listens there may take its time on a busy machine. */
const PATIENCE_MS = { answer: 3000, greeting: 60_000 };
const [first, second, third, word] = Deno.args;
if (first === "--listen") {
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`${word}\n`);
    socket.on("data", (bytes) => socket.write(bytes));
    if (word !== "ticker") return;
    const ticking = setInterval(() => socket.write("tick\n"), 20); // and nobody else says anything
    socket.on("close", () => clearInterval(ticking));
  });
  server.listen(Number(third), second, () => say("listening"));
} else {
  const local = third === undefined ? {} : { localPort: Number(third) };
  const socket = net.connect({ host: first!, port: Number(second), ...local });
  const end = (text: string): void => {
    say(text);
    Deno.exit(0);
  };
  const unanswered = setTimeout(() => end("silence"), PATIENCE_MS.answer);
  socket.on("connect", () => {
    clearTimeout(unanswered);
    setTimeout(() => end("silence"), PATIENCE_MS.greeting);
  });
  socket.on(
    "error",
    ({ code }: Error & { code?: string }) =>
      end(code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : String(code)),
  );
  socket.on("data", (bytes) => end(new TextDecoder().decode(bytes).trim()));
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
