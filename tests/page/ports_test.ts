import { assertEquals, assertNotEquals } from "@std/assert";
import { run } from "../../src/commands/table.ts";
import { systemHost } from "../../src/os/host.ts";
import { at, chromiumForAll, DESK, MINUTE, PASSPHRASE, PHONE, RANDOM } from "./browser.ts";

const chromium = chromiumForAll();

/** What `c3po port` answers for a minute. */
async function portOf(line: string, minute: number): Promise<number> {
  let answer = "";
  const terminal = { ...systemHost.terminal, out: (text: string) => void (answer += text) };
  const env = (name: string): string | undefined => name === "C3PO_SECRET" ? line : undefined;
  const argv = ["port", "--at", String(minute * 60)];
  assertEquals(await run(argv, { ...systemHost, terminal, env }), 0);
  return Number(answer);
}

const KEYS = new Map([
  ["random key", RANDOM],
  ["key derived for a host", "c3po-1-MHPLKS3YtfvIv5A92tsqiq-CIx4LHiLHY2XoK6i5qj0"],
  ["key with a range", `${RANDOM}?ports=2000-4000`],
  ["classic secret", "classic:hello w\u00f6rld"],
  ["passphrase", PASSPHRASE],
  ["passphrase in another form of Unicode", PASSPHRASE.normalize("NFD")],
]);

for (const size of [PHONE, DESK]) {
  Deno.test(`the page shows the ports of c3po port across a change of minute, for every kind of key, ${size.width} pixels wide`, async () => {
    await using visit = await chromium().open({ size, clock: at(57) });
    for (const [name, line] of KEYS) await visit.add(line, "me@web1.example.org", name);
    const check = async (minute: number): Promise<void> => {
      for (const [name, line] of KEYS) {
        const row = visit.page.locator("#list button").filter({
          has: visit.page.getByText(name, { exact: true }),
        });
        await row.click();
        assertEquals(await visit.text("#card-name", new RegExp(`^${name}$`)), name);
        const port = await portOf(line, minute);
        const next = await portOf(line, minute + 1);
        assertEquals([await visit.port(), await visit.port("#next-port")], [port, next], name);
        assertEquals(Number(await row.locator(".port").textContent()), port, name);
      }
    };
    await check(MINUTE);
    await visit.pass(3_000);
    assertEquals(await visit.page.textContent("#left"), "60 s");
    await check(MINUTE + 1);
  });
}

Deno.test("the change of minute shows at once, not when the ports are computed", async () => {
  await using visit = await chromium().open({ clock: at(50) });
  await visit.add(RANDOM, "", "web1");
  const next = await visit.port("#next-port");
  // What computes is held up from now on.
  await visit.page.evaluate(() => {
    crypto.subtle.sign = () => new Promise(() => {});
  });
  await visit.pass(10_000);
  assertEquals(await visit.page.textContent("#port"), String(next));
});

Deno.test("a page that slept through a change copies the port of now, not the one it shows", async () => {
  await using visit = await chromium().open();
  await visit.add(RANDOM, "me@web1.example.org");
  const old = await visit.port();
  await visit.page.clock.setSystemTime(at(5 * 60)); // no timer has run since
  await visit.page.click("#copy-port");
  await visit.text("#copied", /^copied$/);
  const copied = await visit.clipboard();
  assertEquals(
    [Number(copied), await visit.port()],
    Array(2).fill(await portOf(RANDOM, MINUTE + 5)),
  );
  assertNotEquals(Number(copied), old);
});

Deno.test("a clock that is set shows the ports of its new minute", async () => {
  await using visit = await chromium().open();
  await visit.add(RANDOM, "", "web1");
  await visit.port();
  await visit.page.clock.setSystemTime(at(-600));
  await visit.pass(1000);
  const expected = await portOf(RANDOM, MINUTE - 10);
  await visit.text("#port", new RegExp(`^${expected}$`));
});
