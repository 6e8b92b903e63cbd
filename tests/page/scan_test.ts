import { assertEquals, assertMatch } from "@std/assert";
import { encodeQR } from "qr";
import { join } from "@std/path";
import { chromiumForAll, type Opening, RANDOM, type Visit } from "./browser.ts";

/** What the camera of these tests sees. */
const folder = await Deno.makeTempDir({ prefix: "c3po-camera-" });
const film = join(folder, "code.y4m");
await Deno.writeFile(film, filmOf(`https://web1.example.org/c3po.html#${RANDOM}?ports=2000-4000`));
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

const chromium = chromiumForAll([
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${film}`,
]);

/** The page with a running clock: a camera's pictures come when they come. */
async function open(first?: string): Promise<Visit> {
  const opening: Opening = { clock: null, ...first === undefined ? {} : { first } };
  const visit = await chromium().open(opening);
  await visit.page.waitForSelector("#form");
  return visit;
}

Deno.test("a code before the camera fills in the key, and the camera is off again", async () => {
  await using visit = await open("globalThis.BarcodeDetector = undefined;");
  await visit.page.evaluate(NOTE_TRACKS);
  await visit.page.click("#scan");
  await visit.text("#key-says", /fingerprint c4048f50, ports 2000-4000/);
  assertEquals(await visit.page.inputValue("#key"), `${RANDOM}?ports=2000-4000`);
  assertEquals(await visit.text("#scan-says"), "Key read from the code.");
  assertEquals(await visit.page.isVisible("#camera"), false);
  assertEquals(await visit.page.evaluate("tracks.map((track) => track.readyState)"), ["ended"]);
});

Deno.test("a browser that reads codes itself is asked first", async () => {
  await using visit = await open(`globalThis.BarcodeDetector = class {
    static getSupportedFormats = async () => ["qr_code"];
    detect = async () => [{ rawValue: "https://nothing.example/" }, { rawValue: "classic:own" }];
  };`);
  await visit.page.click("#scan");
  await visit.text("#key-says", /^Classic/);
  assertEquals(await visit.page.inputValue("#key"), "classic:own");
});

Deno.test("the camera can be stopped, and stops when the form is left", async () => {
  await using visit = await open(`globalThis.BarcodeDetector = class {
    static getSupportedFormats = async () => ["qr_code"];
    detect = async () => [];
  };`);
  await visit.page.evaluate(NOTE_TRACKS);
  await visit.add(RANDOM, "", "web1");
  await visit.page.click("#add");
  for (const end of ["#scan", "#cancel"]) {
    await visit.page.click("#scan");
    await visit.page.waitForSelector("#camera");
    await visit.until("tracks.at(-1)?.readyState === 'live'");
    await visit.page.click(end);
    await visit.until("tracks.at(-1).readyState === 'ended'");
  }
  assertEquals(await visit.page.evaluate("tracks.length"), 2);
});

for (
  const [what, first] of [
    ["does not begin", "HTMLMediaElement.prototype.play = () => new Promise(() => {});"],
    [
      "nobody has allowed yet",
      `const open = navigator.mediaDevices.getUserMedia;
      navigator.mediaDevices.getUserMedia = async function (wish) {
        await new Promise((resolve) => globalThis.allow = resolve);
        return await open.call(this, wish);
      };`,
    ],
  ] as const
) {
  Deno.test(`a camera that ${what} can be stopped`, async () => {
    await using visit = await open(first);
    await visit.page.evaluate(NOTE_TRACKS);
    await visit.page.click("#scan");
    await visit.text("#scan", /Stop/);
    if (what === "does not begin") await visit.until("tracks.at(-1)?.readyState === 'live'");
    await visit.page.click("#scan");
    await visit.text("#scan", /Scan/);
    assertEquals(await visit.page.isVisible("#camera"), false);
    await visit.page.evaluate("globalThis.allow?.()");
    await visit.until("tracks.at(-1)?.readyState === 'ended'");
  });
}

Deno.test("without a camera the page says what to do instead", async () => {
  await using none = await open(
    "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
  );
  assertMatch(await none.text("#scan-says"), /lets no page use a camera\. Use the camera app/);
  assertEquals(await none.page.isVisible("#scan"), false);
  await using refused = await open(
    "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));",
  );
  await refused.page.click("#scan");
  assertMatch(await refused.text("#scan-says", /may not use it/), /Use the camera app/);
  assertEquals(await refused.page.textContent("#scan"), "Scan a QR code");
});

const NOTE_TRACKS = `{
  globalThis.tracks = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    tracks.push(...stream.getTracks());
    return stream;
  };
}`;

/** A film of a QR code in the form of YUV4MPEG2, which Chromium shows as what a camera sees. */
function filmOf(text: string): Uint8Array<ArrayBuffer> {
  const [width, height] = [640, 480];
  const code = encodeQR(text, "raw", { border: 4 });
  const scale = Math.floor(height / code.length);
  const luma = new Uint8Array(width * height).fill(180); // a wall behind the screen
  code.forEach((row, y) =>
    row.forEach((dark, x) => {
      for (let line = 0; line < scale; line++) {
        const start = (y * scale + line) * width + 60 + x * scale;
        luma.fill(dark ? 30 : 230, start, start + scale);
      }
    })
  );
  const chroma = new Uint8Array(width * height / 2).fill(128);
  const header = new TextEncoder().encode(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420\n`);
  const frame = [new TextEncoder().encode("FRAME\n"), luma, chroma];
  const parts = [header, ...frame, ...frame];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
