import { assert, assertEquals, assertMatch } from "@std/assert";
import { chromiumForAll, MINUTE, RANDOM } from "./browser.ts";
import { PageServer } from "./server.ts";

/** A name that is no machine's own, so that a page from there counts as one from the network. */
const ELSEWHERE = "plain.example";
const chromium = chromiumForAll([`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`]);

Deno.test("the page allows itself its own script and style, and no connection", () => {
  const [, policy] = /Content-Security-Policy"\s+content="([^"]+)"/.exec(chromium().html)!;
  const rules = policy!.split("; ");
  assertEquals(rules.map((rule) => rule.replace(/'sha256-[\w+/]{43}='/, "HASH")), [
    "default-src 'none'",
    "script-src HASH",
    "style-src HASH",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
});

Deno.test("what a script in the page would send, the browser refuses, and these tests notice", async () => {
  await using server = new PageServer("");
  const visit = await chromium().open();
  const refused = await visit.page.evaluate(
    `fetch("http://127.0.0.1:${server.port}/").then(() => false, () => true)`,
  );
  assertEquals([refused, server.asked], [true, []]);
  assertMatch(String(await visit[Symbol.asyncDispose]().catch((error) => error)), /connect-src/);
});

Deno.test("a key behind the address fills the form, is gone from the address, and never went to the server", async () => {
  await using server = new PageServer(chromium().html);
  const from = `http://127.0.0.1:${server.port}/c3po.html?x=1`;
  await using visit = await chromium().open({ from, behind: `#${RANDOM}?ports=2000-4000` });
  await visit.text("#key-says", /fingerprint c4048f50, ports 2000-4000/);
  assertEquals(visit.page.url(), from);
  assertEquals(await visit.kept(), "{}"); // somebody has to want it
  assertMatch(await visit.text("#brought"), /^Your browser's history still has this key/);
  assert(await visit.page.isVisible("#brought"));
  await visit.page.fill("#name", "web1");
  await visit.page.click("#submit");
  await visit.page.waitForSelector("#card");
  await visit.page.evaluate(`location.hash = "classic:50%25%20%C3%A4%23b"`);
  await visit.text("#key-says", /^Classic/);
  assertEquals(await visit.page.inputValue("#key"), "classic:50% ä#b");
  assertEquals([visit.page.url(), server.asked], [from, ["GET /c3po.html?x=1"]]);
});

Deno.test("over plain http the page says why it cannot compute, takes the key away and asks for none", async () => {
  await using server = new PageServer(chromium().html);
  const from = `http://${ELSEWHERE}:${server.port}/`;
  await using visit = await chromium().open({ from, behind: `#${RANDOM}` });
  assertMatch(await visit.text("#insecure"), /^This page cannot compute ports here\./);
  assert(await visit.page.isVisible("#insecure"));
  assertEquals([visit.page.url(), await visit.kept()], [from, "{}"]);
  assertEquals(await visit.page.isVisible("#form"), false);
  assertEquals(server.asked, ["GET /"]);
});

Deno.test("a clock that is before the page was made is wrong, and the page says by how much", async () => {
  const doubt = async (made: number): Promise<string | null> => {
    await using visit = await chromium().open({ made });
    await visit.add(RANDOM, "", "web1");
    await visit.port();
    return await visit.page.isVisible("#doubt") ? await visit.text("#doubt") : null;
  };
  assertEquals(await doubt(MINUTE * 60), null);
  assertEquals(await doubt(MINUTE * 60 + 18 + 4), null);
  await using visit = await chromium().open({ made: MINUTE * 60 + 86_400 * 3 });
  await visit.add(RANDOM, "", "web1");
  await visit.text("#doubt", /wrong, at least 3 days behind: .* trap/);
});

Deno.test("a server that sends its clock along shows that this device's is off, either way", async () => {
  const doubt = async (aheadMs: number): Promise<string | null> => {
    await using server = new PageServer(chromium().html, () => ({
      "server-timing": `now;dur=${(Date.now() + aheadMs) / 1000}`,
    }));
    const from = `http://127.0.0.1:${server.port}/`;
    await using visit = await chromium().open({ from, clock: null });
    await visit.page.waitForSelector("#form");
    await visit.text("#time");
    return await visit.page.isVisible("#doubt") ? await visit.text("#doubt") : null;
  };
  assertEquals(await doubt(0), null);
  assertMatch((await doubt(600_000))!, /wrong, 10 min behind the server/);
  assertMatch((await doubt(-600_000))!, /wrong, 10 min ahead of the server/);
});

Deno.test("the page says who can read what it keeps, where it came from a file and from the web", async () => {
  await using file = await chromium().open();
  assert(await file.page.locator("#thief").evaluate((all) => !("open" in all && all.open)));
  await file.page.click("#thief summary");
  assertEquals(await file.page.isVisible("#origin-file"), true);
  assertEquals(await file.page.isVisible("#origin-web"), false);
  await using server = new PageServer(chromium().html);
  await using web = await chromium().open({ from: `http://127.0.0.1:${server.port}/` });
  await web.page.click("#thief summary");
  assertEquals(await web.text("#origin"), `127.0.0.1:${server.port}`);
});
