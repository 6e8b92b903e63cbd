// Runs inside a namespace: for each line `TARGET PORT SOURCE` of stdin it connects once and says when it
// began, in unix milliseconds.
//
// deno-lint-ignore-file no-console -- its output is what main.ts reads
import net from "node:net";
import { TextLineStream } from "@std/streams/text-line-stream";

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [host, port, localAddress] = line.split(" ") as [string, string, string];
  const began = Date.now();
  const socket = net.connect({ host, port: Number(port), localAddress });
  socket.on("error", () => {});
  socket.on("connect", () => setTimeout(() => socket.destroy(), 1000));
  console.log(`touched ${localAddress} ${began}`);
}
