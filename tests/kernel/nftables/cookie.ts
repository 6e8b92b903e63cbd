/**
 * Connects, says so, speaks for as long as it takes, and prints what it hears; `refused` if it is cut off.
 *
 * usage: cookie.ts ADDRESS PORT
 */
import net from "node:net";

const [host, port] = Deno.args;
const socket = net.connect({ host: host!, port: Number(port) });
const end = (text: string): void => {
  say(text);
  Deno.exit(0);
};
socket.on("connect", () => {
  say("connected");
  socket.write("hello\n"); // sent again and again until it is acknowledged
});
socket.on("error", () => end("refused"));
socket.on("close", () => end("refused"));
socket.on("data", (bytes) => end(new TextDecoder().decode(bytes).split("\n")[0]!));

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
