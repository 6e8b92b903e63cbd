// A test process that ends badly, for lab_test.ts: makes a laboratory, prints its name, then throws
// (argument `throw`) or waits to be killed (`wait`).
import { Lab } from "../lab.ts";
import { delay } from "@std/async/delay";

await using lab = await Lab.create({ peers: ["user"] });
lab.user.spawn("sleep", ["1000"]);
await Deno.stdout.write(new TextEncoder().encode(`${lab.name}\n`));
if (Deno.args[0] === "throw") throw new Error("as asked");
await delay(1_000_000);
