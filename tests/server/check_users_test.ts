import { assertEquals } from "@std/assert";
import type { Finding } from "../../src/os/finding.ts";
import { userFindings } from "../../src/server/check/users.ts";
import { checkupOf } from "./checkups.ts";

/** What check finds on a server with so many users of ssh, and so many traps for each. */
async function findingsWith(count: number, traps = 15): Promise<Finding[]> {
  return await userFindings(await checkupOf({ traps }, count));
}

Deno.test("check says nothing of the odds up to fifty ports of users", async () => {
  assertEquals((await findingsWith(50)).map(({ grade, what }) => [grade, what]), [["ok", "users"]]);
});

Deno.test("with a thousand users check warns, with the number of ports and traps and the odds", async () => {
  const [odds, ...others] = await findingsWith(1000);
  assertEquals(others, []);
  assertEquals([odds?.grade, odds?.found], [
    "warn",
    "1000 ports lead to services beside 15000 traps: a scan meets one of them first with odds of 1 in 16",
  ]);
});

Deno.test("where traps take half the range check warns that each user costs odds, also with few users", async () => {
  const [odds] = await findingsWith(10, 4095);
  assertEquals([odds?.grade, odds?.found], [
    "warn",
    "10 ports lead to services beside 32256 traps: a scan meets one of them first with odds of " +
    "1 in 3226; traps are limited to half the range",
  ]);
});
