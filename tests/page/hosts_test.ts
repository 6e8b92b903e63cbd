import { assert, assertEquals, assertMatch } from "@std/assert";
import { at, chromiumForAll, PASSPHRASE, RANDOM } from "./browser.ts";

const chromium = chromiumForAll();

Deno.test("hosts and the chosen one are there again without network, after the page is loaded anew", async () => {
  await using visit = await chromium().open();
  await visit.add(RANDOM, "me@web1.example.org", "web1");
  await visit.add(`${RANDOM}?ports=2000-4000`, "", "cellar");
  await visit.page.click("#list button >> nth=0");
  await visit.page.waitForSelector("#card-name:text-is('web1')");
  await visit.page.context().setOffline(true);
  await visit.page.reload();
  assertEquals(await visit.text("#card-name"), "web1");
  assertEquals(await visit.port(), 49746);
  assertEquals(await visit.page.locator("#list .name").allTextContents(), ["web1", "cellar"]);
});

Deno.test("of a passphrase the browser keeps what it was stretched to, not its words", async () => {
  await using visit = await chromium().open();
  await visit.add(PASSPHRASE, "", "web1");
  const kept = await visit.kept();
  assert(!/horse|staple/.test(kept), kept);
  assertMatch(
    await visit.text("#key-note"),
    /^Key made from a passphrase; it shows no fingerprint/,
  );
});

Deno.test("of a master key the browser keeps the key of the host, and nothing that others follow from", async () => {
  // The master key of the user alice in the published vectors.
  const master = "c3po-1-master-Zdv9xUA6Jgl2PqopF7h1e1siXy8XfDRl-eN0HLGPhuw?ports=2000-60000";
  await using visit = await chromium().open();
  await visit.page.fill("#key", master);
  await visit.text(
    "#key-says",
    /^Master key; of it only .*, fingerprint 044f3d5c, ports 2000-60000/,
  );
  await visit.page.fill("#name", "web1");
  await visit.page.click("#submit");
  await visit.text("#form-says", /^A master key has a key for each host: say which host\.$/);
  await visit.page.fill("#target", "me@WEB1.example.org");
  await visit.page.click("#submit");
  assertEquals(
    await visit.text("#key-note"),
    "Key with fingerprint f334d441, ports 2000-60000.",
  );
  assertEquals(await visit.port(), 49674);
  const kept = await visit.kept();
  assert(kept.includes("c3po-1-MHPLKS3YtfvIv5A92tsqiq-CIx4LHiLHY2XoK6i5qj0"), kept);
  assert(!kept.includes("master"), kept);
});

Deno.test("the fingerprint is the one of c3po key check, for random keys alone", async () => {
  await using visit = await chromium().open();
  await visit.add(`${RANDOM}?ports=2000-4000`, "", "web1");
  assertEquals(await visit.text("#key-note"), "Key with fingerprint c4048f50, ports 2000-4000.");
  await visit.add("classic:hello", "", "old");
  assertMatch(await visit.text("#key-note", /Classic/), /shows no fingerprint/);
});

Deno.test("the form tells what a key is while it is typed, and refuses what is none", async () => {
  await using visit = await chromium().open();
  const told = async (line: string, like: RegExp): Promise<void> => {
    await visit.page.fill("#key", line);
    await visit.text("#key-says", like);
  };
  await told(RANDOM, /^Random key, fingerprint c4048f50, ports 1024-65535\.$/);
  await told(RANDOM.slice(0, -1), /^The key begins like a random key but is damaged: /);
  await told("short", /^The passphrase is shorter than 12 characters/);
  await told("c3po 1 AAECAwQFBg", /^Passphrase\. If it was to be a key, it is not whole/);
  await told("classic:x", /^Classic secret of 2007, ports 1024-65535\.$/);
  await told(`${RANDOM}?ports=5-9`, /holds fewer than 1024 ports/);
  await visit.page.fill("#target", "me@web1.example.org");
  await visit.page.click("#submit");
  await visit.text("#form-says", /holds fewer than 1024 ports/);
  await visit.page.fill("#key", RANDOM);
  for (const target of ["-oProxyCommand=x", "a b", "me@", "@web", "web:22 "]) {
    await visit.page.fill("#target", target);
    await visit.page.click("#submit");
    await visit.text("#form-says", /is not a host/);
  }
  await visit.page.fill("#target", "");
  await visit.page.click("#submit");
  await visit.text("#form-says", /^Give the host a name\.$/);
  assertEquals(await visit.kept(), "{}");
});

Deno.test("a host is changed without its key, gets another key, and no second one takes its name", async () => {
  await using visit = await chromium().open();
  await visit.add(RANDOM, "me@web1.example.org", "web1");
  await visit.page.click("#edit");
  await visit.page.fill("#target", "root@web2.example.org");
  await visit.page.fill("#name", "web2");
  await visit.page.click("#submit");
  assertEquals(await visit.text("#card-name", /web2/), "web2");
  assertEquals(await visit.port(), 49746);
  await visit.page.click("#edit");
  await visit.page.fill("#key", "classic:other");
  await visit.page.click("#submit");
  await visit.text("#key-note", /^Classic/);
  await visit.page.click("#add");
  await visit.page.fill("#key", RANDOM);
  await visit.page.fill("#name", "web2");
  await visit.page.click("#submit");
  await visit.text("#form-says", /^There is a host "web2" already\.$/);
  await visit.page.click("#cancel");
  assertEquals(await visit.page.locator("#list button").count(), 1);
});

Deno.test("what is removed is gone from the browser, one host or all", async () => {
  await using visit = await chromium().open();
  for (const name of ["web1", "web2", "web3"]) await visit.add(RANDOM, "", name);
  let answer = false;
  visit.page.on("dialog", (dialog) => void (answer ? dialog.accept() : dialog.dismiss()));
  await visit.page.click("#remove");
  assertEquals(await visit.page.locator("#list button").count(), 3);
  answer = true;
  await visit.page.click("#remove");
  await visit.until("document.querySelectorAll('#list button').length === 2");
  assert(!(await visit.kept()).includes("web3"));
  await visit.page.click("#thief summary");
  await visit.page.click("#forget");
  await visit.page.waitForSelector("#form");
  assert(!(await visit.kept()).includes("c3po-1-"));
});

Deno.test("the link opens an app at the port of now, with the same id on every device", async () => {
  await using visit = await chromium().open({ clock: at(59) });
  const link = async (): Promise<string | null> => await visit.page.getAttribute("#open", "href");
  await visit.add(RANDOM, "me@web1.example.org");
  await visit.port();
  const [, id] = /^ssh:\/\/me@web1\.example\.org:49746\?id=(\d+)$/.exec((await link())!)!;
  await visit.pass(1_000);
  const next = await visit.port();
  assertEquals(await link(), `ssh://me@web1.example.org:${next}?id=${id}`);
  await visit.page.click("#copy-command");
  await visit.text("#copy-command", /^copied$/);
  assertEquals(
    await visit.clipboard(),
    `ssh -p ${next} -o HostKeyAlias=web1.example.org me@web1.example.org`,
  );
  await visit.add(RANDOM, "2001:db8::7", "v6");
  assertMatch((await link())!, new RegExp(`^ssh://\\[2001:db8::7\\]:${next}\\?id=\\d+$`));
  await visit.add(RANDOM, "", "nowhere");
  assertEquals(await visit.page.isVisible("#open"), false);
  await using other = await chromium().open();
  await other.add(`${RANDOM}?ports=2000-4000`, "me@WEB1.example.org", "another name");
  assertMatch((await other.page.getAttribute("#open", "href"))!, new RegExp(`\\?id=${id}$`));
});

Deno.test("two tabs of the page show the same hosts", async () => {
  await using visit = await chromium().open();
  await visit.add(RANDOM, "", "web1");
  const second = await visit.page.context().newPage();
  await second.goto(visit.page.url());
  await visit.add(RANDOM, "", "web2");
  await second.waitForSelector("#list .name:text-is('web2')");
});

Deno.test("where the browser keeps nothing the page says so, and works until it is closed", async () => {
  const first =
    `Storage.prototype.setItem = () => { throw new DOMException("", "SecurityError"); };`;
  await using visit = await chromium().open({ first });
  await visit.add(RANDOM, "", "web1");
  assertEquals(await visit.port(), 49746);
  assertMatch(await visit.text("#forgetful"), /This browser keeps nothing for this page/);
  assert(await visit.page.isVisible("#forgetful"));
});

Deno.test("damaged entries do not take the others along", async () => {
  const good = { name: "web1", target: "", key: RANDOM, kind: "random" };
  const hosts = [null, 7, { ...good, key: "c3po-1-broken" }, { name: "x" }, good];
  const kept = JSON.stringify(JSON.stringify({ hosts, selected: 4 }));
  await using visit = await chromium().open({
    first: `localStorage.setItem("c3po.hosts", ${kept});`,
  });
  assertEquals(await visit.port(), 49746);
  assertEquals(await visit.page.locator("#list button").count(), 1);
});
