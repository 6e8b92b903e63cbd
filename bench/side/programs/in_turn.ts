/**
 * Connects to one address after the other, round after round and each round in the other order, so that
 * whatever else happens falls on all of them alike: `in_turn.ts PORT ROUNDS ADDRESS…`. Prints for each
 * address the milliseconds of its connections.
 */
const [port, rounds, ...addresses] = Deno.args;
/** The first ones warm up. */
const WARM_UP = 50;

const ms = addresses.map((): number[] => []);
for (let round = -WARM_UP; round < Number(rounds); round++) {
  const order = [...addresses.entries()];
  if (round % 2 === 0) order.reverse();
  for (const [i, hostname] of order) {
    const began = performance.now();
    using _ = await Deno.connect({ hostname, port: Number(port) });
    if (round >= 0) ms[i]!.push(performance.now() - began);
  }
}
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(ms) + "\n"));
Deno.exit();
