import { assert, assertEquals, assertMatch } from "@std/assert";
import { at, chromiumForAll, DESK, MINUTE, PHONE, RANDOM, type Visit } from "./browser.ts";

const chromium = chromiumForAll();
const SMALL = { width: 320, height: 568 };

/** Every state the page can be in, one after the other. */
async function* states(visit: Visit): AsyncGenerator<string> {
  yield "first start";
  await visit.page.fill("#key", RANDOM.slice(0, -1));
  await visit.page.click("#submit");
  await visit.text("#form-says");
  yield "refusal";
  await visit.add(RANDOM, `me@${"long-name.".repeat(6)}example.org`, "n".repeat(40));
  await visit.add("classic:hello", "", "web2");
  await visit.port();
  yield "port";
  await visit.pass(35_000);
  yield "last seconds";
  for (const part of ["thief", "offline", "clock"]) await visit.page.click(`#${part} summary`);
  yield "explanations";
  await visit.page.click("#edit");
  yield "form beside hosts";
}

for (const colours of ["light", "dark"] as const) {
  Deno.test(`everything can be read and hit on a phone and at a desk, ${colours}`, async () => {
    for (const size of [SMALL, PHONE, DESK]) {
      await using visit = await chromium().open({ size, colours, made: MINUTE * 60 + 86_400 });
      for await (const state of states(visit)) {
        const where = `${state}, ${size.width} pixels`;
        assertEquals(await visit.page.evaluate(OVERFLOWING), [], `too wide: ${where}`);
        assertEquals(await visit.page.evaluate(PALE), [], `pale: ${where}`);
        assertEquals(await visit.page.evaluate(SMALL_TARGETS), [], `small: ${where}`);
      }
    }
  });
}

Deno.test("port, countdown, the next port and the link fit the first screen of a phone", async () => {
  await using visit = await chromium().open({ size: PHONE });
  await visit.add(RANDOM, "me@web1.example.org", "web1");
  await visit.port();
  for (const part of ["#port", "#left", "#next-port", "#open"]) {
    const box = (await visit.page.locator(part).boundingBox())!;
    assert(box.y >= 0 && box.y + box.height <= PHONE.height, `${part} is out of sight`);
  }
  const digits = (await visit.page.locator("#port").boundingBox())!;
  assert(digits.height >= 90, "the port is too small to be read at arm's length");
});

Deno.test("the page is used with the keyboard alone", async () => {
  await using visit = await chromium().open({ size: DESK });
  const { keyboard } = visit.page;
  const focused = (): Promise<string> => visit.page.evaluate("document.activeElement.id");
  const tabTo = async (id: string): Promise<void> => {
    for (let presses = 0; await focused() !== id; presses++) {
      assert(presses < 20, `no way to #${id} by Tab`);
      await keyboard.press("Tab");
    }
  };
  await tabTo("key");
  await keyboard.type(RANDOM);
  await tabTo("target");
  await keyboard.type("me@web1.example.org");
  await keyboard.press("Enter");
  await visit.port();
  assertEquals(await focused(), "copy-port");
  const outline = await visit.page.evaluate(
    "getComputedStyle(document.activeElement).outlineStyle",
  );
  assertEquals(outline, "solid");
  await keyboard.press("Space");
  await visit.text("#copied", /^copied$/);
  assertEquals(await visit.clipboard(), "49746");
  await tabTo("add");
  await keyboard.press("Enter");
  assertEquals(await focused(), "key");
  await tabTo("cancel");
  await keyboard.press("Enter");
  assertEquals(await focused(), "copy-port");
});

Deno.test("a screen reader hears the new port once a minute, digit by digit, and no countdown", async () => {
  await using visit = await chromium().open({ clock: at(40) });
  await visit.add(RANDOM, "me@web1.example.org", "web1");
  await visit.port();
  await visit.page.evaluate(`globalThis.heard = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const live = (target.nodeType === 1 ? target : target.parentElement)
          ?.closest("[aria-live], [role=status], [role=alert]");
        if (live && live.getAttribute("aria-live") !== "off") heard.push(live.textContent);
      }
    }).observe(document.body, { childList: true, characterData: true, subtree: true });`);
  await visit.pass(19_000);
  assertEquals(await visit.page.evaluate("heard"), []);
  await visit.pass(61_000); // two changes of minute
  const heard: string[] = await visit.page.evaluate("heard");
  assertEquals(heard.length, 2);
  for (const words of heard) assertMatch(words, /^web1: port \d( \d)+$/);
  const spelled = [...String(await visit.port())].join(" ");
  await visit.page.getByRole("button", { name: `Port ${spelled}, copy` }).click();
  await visit.text("#status", new RegExp(`^Copied ${spelled}$`));
});

Deno.test("everything that can be used has a name and a role", async () => {
  await using visit = await chromium().open();
  const role = (...[kind, name]: Parameters<Visit["page"]["getByRole"]>): Promise<boolean> =>
    visit.page.getByRole(kind, { ...name, exact: true }).isVisible();
  for (
    const name of ["Key", "Host (for the link to your SSH app)", "Name (what to call it here)"]
  ) {
    assert(await role("textbox", { name }), name);
  }
  await visit.add(RANDOM, "me@web1.example.org", "web1");
  await visit.port();
  assert(await role("heading", { name: "web1" }));
  assert(await role("link", { name: "Open in the SSH app" }));
  assert(await role("navigation", { name: "Hosts" }));
  assert(await role("button", { name: "web1 port 4 9 7 4 6" }));
  for (const name of ["Copy the ssh command", "Edit", "Remove", "Add a host"]) {
    assert(await role("button", { name }), name);
  }
});

/** What is wider than the window, or reaches out of it. */
const OVERFLOWING = `[...document.body.querySelectorAll("*")]
  .filter((each) => each.checkVisibility() && !each.closest(".unseen"))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5 ||
    each.getBoundingClientRect().left < -0.5)
  .map((each) => each.id || each.tagName)`;

/** Texts with less contrast than 4.5 to 1 (WCAG 2.2, 1.4.3). */
const PALE = `{
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    const colour = getComputedStyle(each).backgroundColor;
    return channels(colour)[3] === 0 ? behind(each.parentElement) : colour;
  };
  const texts = [...document.body.querySelectorAll("*")].filter((each) =>
    each.checkVisibility() && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  texts.map((each) => {
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort((x, y) => y - x);
    return [each.id || each.tagName, (a + 0.05) / (b + 0.05)];
  }).filter(([, contrast]) => contrast < 4.5);
}`;

/** What can be tapped and is lower or narrower than 44 pixels (WCAG 2.2, 2.5.5). */
const SMALL_TARGETS = `[...document.querySelectorAll("button, a, input, summary")]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.id || each.tagName, each.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)`;
