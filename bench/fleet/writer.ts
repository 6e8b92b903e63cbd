// A member that tells of bans, at a steady rate, in a process of its own: what reads them is busy. Takes its
// access to the store and how many bans a second, for how long, from stdin, and says how many milliseconds it took.
//
// deno-lint-ignore-file no-console -- its output is what members.ts reads
import type { StoreAccess } from "../../src/fleet/messages.ts";
import { openStore } from "../../src/fleet/store.ts";

/** What a writer is told. */
export interface Order {
  readonly access: StoreAccess;
  readonly bans: number;
  readonly seconds: number;
}

const { access, bans, seconds }: Order = await new Response(Deno.stdin.readable).json();
const writer = await openStore(access);
const start = performance.now();
const told: Promise<unknown>[] = [];
for (let i = 0; i < bans * seconds; i++) {
  const left = start + i * 1000 / bans - performance.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  // Not one after the other: a store that is slow to answer is told no less.
  told.push(writer.add(lineOf(i, access.username!), Date.now()));
}
await Promise.all(told);
console.log(performance.now() - start);
writer.close();

/** A ban as a member says it; what is signed does not matter here, only how long it is. */
function lineOf(i: number, member: string): string {
  const now = Math.round(Date.now() * 1000);
  const address = `198.18.${i >> 8 & 255}.${i & 255}`;
  const seq = Math.floor(now / 1e6);
  return `c3po-fleet-1 ${member} ${now} ${seq} ban ${address} 900 confirmed 1 ${"A".repeat(86)}`;
}
