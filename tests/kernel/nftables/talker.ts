/**
 * Holds a connection, says a line about every 20 ms and prints `alive` for each ten that come back;
 * `dead` when it is cut off.
 *
 * usage: talker.ts ADDRESS PORT [silent]
 */
import net from "node:net";

const [host, port, silent] = Deno.args;
const socket = net.connect({ host: host!, port: Number(port) });
let heard = 0;
socket.on("data", (bytes) => {
  const before = heard;
  heard += new TextDecoder().decode(bytes).split("\n").length - 1;
  if (Math.floor(heard / 10) > Math.floor(before / 10)) say(`alive ${heard}`);
});
const end = (): void => {
  say("dead");
  Deno.exit(0);
};
socket.on("error", end);
socket.on("close", end);
if (silent === undefined) setInterval(() => socket.write("still there\n"), 20);

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
