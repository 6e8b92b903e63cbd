// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * Runs on the attacker's machine: connects to some ports at the same time, and prints those where an
 * SSH server speaks. The tarpit begins like one, but never ends its first message.
 *
 *     rush.ts ADDRESS PORT...
 */

import { deadline } from "@std/async/deadline";

const PATIENCE_MS = 5000;
/** What only a whole first message fills. */
const MESSAGE_BYTES = 400;

async function isSsh(hostname: string, port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname, port });
    await connection.write(new TextEncoder().encode("SSH-2.0-rush\r\n"));
    let heard = 0;
    const listen = async (): Promise<void> => {
      const piece = new Uint8Array(MESSAGE_BYTES);
      while (heard < MESSAGE_BYTES) {
        const bytes = await connection.read(piece);
        if (bytes === null) return;
        heard += bytes;
      }
    };
    await deadline(listen(), PATIENCE_MS);
    return heard >= MESSAGE_BYTES;
  } catch {
    return false; // refused, or silent
  }
}

const [hostname, ...ports] = Deno.args;
const found = await Promise.all(ports.map((port) => isSsh(hostname!, Number(port))));
console.log(ports.filter((_, i) => found[i]).join(" "));
