// Runs inside a namespace and prints JSON; see the functions for the arguments.
//
// deno-lint-ignore-file no-console -- its output is what main.ts reads

const [what = "", ...args] = Deno.args;
if (what === "latency") await latency(args);
else if (what === "race") await race(args);
else if (what === "crowd") await crowd(args);

/** `latency TARGET PORT COUNT`: milliseconds of each of so many connections, one after the other. */
async function latency([hostname = "", port = "", count = ""]: string[]): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < Number(count); i++) {
    const start = performance.now();
    using _ = await Deno.connect({ hostname, port: Number(port) });
    times.push(performance.now() - start);
  }
  console.log(JSON.stringify(times));
  Deno.exit();
}

/**
 * `race TARGET TRAP PORT MS`: one connection to a trap, and from its completion on one connection to
 * the SSH port every millisecond: how long after it the last one that was answered began.
 */
async function race([hostname = "", trap = "", port = "", ms = ""]: string[]): Promise<void> {
  const held = await Deno.connect({ hostname, port: Number(trap) });
  const start = performance.now();
  let last: number | null = null;
  while (performance.now() - start < Number(ms)) {
    const began = performance.now() - start;
    Deno.connect({ hostname, port: Number(port) }).then((conn) => {
      last = Math.max(last ?? 0, began);
      conn.close();
    }, () => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify(last));
  held.close();
  Deno.exit();
}

/**
 * `crowd TARGET TRAP COUNT PIECES`: so many connections, each of which says so much in the smallest
 * pieces, and stays.
 */
async function crowd([hostname = "", trap = "", count = "", pieces = ""]: string[]): Promise<void> {
  const byte = new Uint8Array(1);
  for (let i = 0; i < Number(count); i++) {
    const conn = await Deno.connect({ hostname, port: Number(trap) });
    conn.setNoDelay(true);
    const talk = async (): Promise<void> => {
      for (let piece = 0; piece < Number(pieces); piece++) {
        await conn.write(byte);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    talk().catch(() => {});
  }
  console.log("all in");
  setInterval(() => {}, 1000); // stays until it is stopped
}
