/// <reference lib="dom" />
/** `c3po page`: the client as a page of one file. build/page.ts puts it together. */
import { App } from "./app.ts";
import { doubtClock, spanText } from "./clock.ts";
import { say, show } from "./dom.ts";
import { takeFragment } from "./fragment.ts";

const brought = takeFragment();
const made = Number(document.body.dataset["made"]) * 1000;

/** Shows this device's clock, and what speaks against it. */
function showClock(now: number): void {
  const utc = new Date(now).toISOString();
  say("time", `${utc.slice(11, 19)} UTC`);
  say("utc", `${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC`);
  const doubt = doubtClock(made);
  show("doubt", doubt !== null);
  if (doubt === null) return;
  const span = `${spanText(doubt.behindMs)} ${doubt.behindMs > 0 ? "behind" : "ahead of"}`;
  const by = doubt.by === "server"
    ? `${span} the server that this page came from`
    : `at least ${
      spanText(doubt.behindMs)
    } behind: it says it is earlier than when this page was made`;
  say(
    "doubt",
    `This device's clock is wrong, ${by}. Set it before you use a port shown here: it is a trap.`,
  );
}

function showOrigin(): void {
  const isFile = location.protocol === "file:";
  show("origin-file", isFile);
  show("origin-web", !isFile);
  say("origin", location.host);
}

async function start(): Promise<void> {
  const app = new App();
  const tick = async (): Promise<void> => {
    const now = Date.now();
    showClock(now);
    await app.tick(now);
  };
  const everySecond = (): void => {
    setTimeout(everySecond, 1000 - Date.now() % 1000);
    void tick();
  };
  const bring = (line: string | null): void => {
    if (line === null) return;
    show("brought", true);
    app.edit(null, line);
  };
  await app.open();
  bring(brought);
  // A page may be opened a second time with another key.
  addEventListener("hashchange", () => bring(takeFragment()));
  // What slept does not wait for the next second.
  for (const event of ["visibilitychange", "pageshow", "focus"]) {
    (event === "visibilitychange" ? document : globalThis).addEventListener(
      event,
      () => void tick(),
    );
  }
  everySecond();
}

showOrigin();
if (globalThis.isSecureContext && crypto.subtle !== undefined) await start();
else show("insecure", true);
