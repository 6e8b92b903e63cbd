import { assert, assertEquals, assertMatch } from "@std/assert";
import decodeQR from "qr/decode.js";
import { Pane } from "../kernel/lab/pane.ts";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const PAGE = "https://web1.example.org/c3po.html";

/** What a camera reads from a screen on which light modules are drawn. */
function readCode(lines: readonly string[]): string {
  const rows = lines.filter((line) => /[█▀▄]/.test(line));
  const light = rows.flatMap((row) => [
    [...row].map((each) => "█▀".includes(each)),
    [...row].map((each) => "█▄".includes(each)),
  ]);
  const scale = 4;
  const [width, height] = [Math.max(...rows.map((row) => [...row].length)), light.length];
  const data = new Uint8Array(width * height * scale * scale * 4).fill(255);
  for (let y = 0; y < height * scale; y++) {
    for (let x = 0; x < width * scale; x++) {
      const shade = light[Math.floor(y / scale)]![Math.floor(x / scale)] ? 255 : 0;
      data.fill(shade, (y * width * scale + x) * 4, (y * width * scale + x) * 4 + 3);
    }
  }
  return decodeQR({ width: width * scale, height: height * scale, data });
}

/** Has c3po draw the code of a key on a terminal of 80 columns and 24 lines. */
async function shown(line: string, ...options: string[]): Promise<string[]> {
  await using box = await Sandbox.create();
  const file = await box.put("key", line);
  await using pane = await Pane.open({ columns: 80, rows: 24 });
  await pane.c3po("key", "show", "--qr", "--key", file, ...options, "2>/dev/null");
  return await pane.waitFor((screen) => /[█▀▄]/.test(screen) && /^\$ *$/m.test(screen));
}

Deno.test("key show --qr draws a code that fits the usual terminal and reads as the key line", async () => {
  const lines = [
    RANDOM,
    `${RANDOM}?ports=2000-60000`,
    "classic:hello world",
    "correct horse battery staple, and more",
  ];
  for (const line of lines) assertEquals(readCode(await shown(line)), line);
});

Deno.test("key show --qr --page draws the address of the page with the key behind a #", async () => {
  const read = async (line: string): Promise<string> => readCode(await shown(line, "--page", PAGE));
  assertEquals(await read(RANDOM), `${PAGE}#${RANDOM}`);
  assertEquals(await read(`${RANDOM}?ports=2000-4000`), `${PAGE}#${RANDOM}?ports=2000-4000`);
  assertEquals(await read("classic:50% ä#b"), `${PAGE}#classic:50%25%20%C3%A4%23b`);
});

Deno.test("key show --qr tells the fingerprint to compare, and warns of the code", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", RANDOM);
  await using pane = await Pane.open({ columns: 80, rows: 24 });
  const errors = box.path("errors");
  await pane.c3po("key", "show", "--qr", "--key", file, `2>${errors}`);
  await pane.waitFor(/[█▀▄]/);
  const { text } = await box.get("errors");
  assertMatch(text, /fingerprint is c4048f50/);
  assertMatch(text, /anyone who sees this code knows every port/);
  assert(!text.includes(RANDOM));
});

Deno.test("key show --qr brings black and white along, for readers that take no inverted code", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", RANDOM);
  await using pane = await Pane.open({ columns: 80, rows: 24 });
  await pane.c3po("key", "show", "--qr", "--key", file);
  await pane.waitFor(/[█▀▄]/);
  assert((await pane.coloured()).includes("\x1b[38;5;231m\x1b[48;5;16m"));
});

Deno.test("key show --qr refuses a terminal that the code does not fit", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", RANDOM);
  await using pane = await Pane.open({ columns: 80, rows: 12 });
  await pane.c3po("key", "show", "--qr", "--key", file);
  const lines = await pane.waitFor(/c3po: hint: /);
  assertMatch(lines.join("\n"), /c3po: error: the code needs 33 columns and 18 lines\n/);
});

Deno.test("key show keeps the code out of pipes and files, and its options apart", async () => {
  await using box = await Sandbox.create();
  const file = await box.put("key", RANDOM);
  const misuse = (message: string, ...options: string[]): Promise<string> =>
    box.c3po(["key", "show", "--key", file, ...options], {
      code: 2,
      stderr: new RegExp(`^c3po: error: ${message}`),
    });
  await misuse("--qr draws on a terminal only", "--qr");
  await misuse("--json does not go with --qr", "--qr", "--json");
  await misuse("--page goes with --qr only", "--page", PAGE);
  for (const page of ["http://web1.example.org/", "c3po.html", "javascript:alert(1)"]) {
    await misuse(".* is not an https URL of a page", "--qr", "--page", page);
  }
  await misuse('.* already has a "#"', "--qr", "--page", `${PAGE}#a`);
});
