import { describe } from "./figures.ts";

const SECRET = "classic:keystrokes";
/** So long a conversation that both kernels wait with their acknowledgements for something to say. */
const WARM_UP = 30;
const TIMES = 20;
/** Milliseconds between two keystrokes: fast typing. */
const APART_MS = 3;

/**
 * Milliseconds from the first of two keystrokes until both have come through `c3po proxy` to a server
 * on this machine that does not answer the first.
 */
export async function keystrokes(
  [program, ...first]: readonly string[],
): Promise<{ least: number; median: number; p90: number }> {
  const how = { env: { C3PO_SECRET: SECRET } };
  const { stdout } = await new Deno.Command(program!, { args: [...first, "port"], ...how })
    .output();
  const port = Number(new TextDecoder().decode(stdout));
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  const proxy = new Deno.Command(program!, {
    args: [...first, "proxy", "127.0.0.1"],
    stdin: "piped",
    stdout: "piped",
    ...how,
  }).spawn();
  using server = await listener.accept();
  server.setNoDelay();
  const keys = proxy.stdin.getWriter();
  const screen = proxy.stdout.getReader();
  const key = (): Promise<void> => keys.write(new Uint8Array(1));
  const arrived = async (count: number): Promise<void> => {
    while (count > 0) count -= await server.read(new Uint8Array(count)) ?? count;
  };
  const echo = async (): Promise<void> => {
    await server.write(new Uint8Array(1));
    await screen.read();
  };
  for (let time = 0; time < WARM_UP; time++) {
    await key();
    await arrived(1);
    await echo();
  }
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const start = performance.now();
    const arriving = arrived(2);
    await key();
    await new Promise((resolve) => setTimeout(resolve, APART_MS));
    await key();
    await arriving;
    times.push(performance.now() - start);
    await echo();
  }
  proxy.kill();
  await Promise.allSettled([keys.abort(), screen.cancel(), proxy.status]);
  return describe(times);
}
