/**
 * Draws the scheme with the ports of a real key: `deno task scheme` writes
 * `docs/pictures/scheme.svg`. The key is that of the first test vector.
 */
import { parseKey } from "../../src/schedule/key_text.ts";
import { type MinutePorts, Schedule } from "../../src/schedule/schedule.ts";

/** Published in tests/vectors.json, so nobody can mistake it for a key of theirs. */
const KEY = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const MINUTES = [19_915_215, 19_915_216];
const PICTURE = "docs/pictures/scheme.svg";

const WIDTH = 820;
const RANGE = { from: 210, to: 800, low: 1024, high: 65_535 };

const STYLE = [
  "text{font:14px system-ui,sans-serif;fill:#333}.s{font-size:12px;fill:#666}",
  ".m{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}",
  ".k{font-weight:600}.g{fill:#1b7f3b}.r{fill:#b3261e}",
].join("");

function x(port: number): number {
  const { from, to, low, high } = RANGE;
  return Math.round(from + (port - low) / (high - low) * (to - from));
}

/** One minute: what is hashed, and the ports that come of it on a line of all ports. */
function minute({ minute, ssh, traps }: MinutePorts, y: number): string[] {
  const time = new Date(minute * 60_000).toISOString().slice(11, 16);
  const ticks = traps.map((port) =>
    `<line x1="${x(port)}" y1="${y - 9}" x2="${x(port)}" y2="${
      y + 9
    }" stroke="#b3261e" stroke-width="2"/>`
  );
  const left = x(ssh) > RANGE.to - 130;
  return [
    `<rect x="12" y="${y - 34}" width="176" height="60" rx="8" fill="#f3f5f8" stroke="#c9d1dc"/>`,
    `<text class="k" x="24" y="${y - 12}">${time} UTC</text>`,
    `<text class="m s" x="24" y="${y + 10}">HMAC(K, ${minute})</text>`,
    `<path d="M190 ${y - 4}h14" stroke="#666" fill="none" marker-end="url(#a)"/>`,
    `<line x1="${RANGE.from}" y1="${y}" x2="${RANGE.to}" y2="${y}" stroke="#c9d1dc" stroke-width="6"/>`,
    ...ticks,
    `<line x1="${x(ssh)}" y1="${y + 10}" x2="${x(ssh)}" y2="${
      y - 30
    }" stroke="#1b7f3b" stroke-width="4"/>`,
    `<text class="k g m" x="${x(ssh) + (left ? -8 : 8)}" y="${y - 20}" ` +
    `text-anchor="${left ? "end" : "start"}">${ssh} → sshd</text>`,
  ];
}

if (import.meta.main) {
  const schedule = await Schedule.of(parseKey(KEY));
  const ports = await Promise.all(MINUTES.map((each) => schedule.ports(each, 15)));
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 260" width="${WIDTH}" role="img">`,
    "<title>Each minute another sixteen ports: one leads to sshd, fifteen are traps</title>",
    `<style>${STYLE}</style>`,
    '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" ' +
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#666"/></marker></defs>',
    `<rect width="${WIDTH}" height="260" fill="#fff"/>`,
    `<text class="s" x="${RANGE.from}" y="22">port ${RANGE.low}</text>`,
    `<text class="s" x="${RANGE.to}" y="22" text-anchor="end">${RANGE.high}</text>`,
    ...ports.flatMap((each, i) => minute(each, 70 + i * 92)),
    '<line x1="24" y1="227" x2="24" y2="243" stroke="#b3261e" stroke-width="2"/>',
    '<text x="36" y="240">a trap: the first packet to it bans its sender in the kernel, ' +
    "before it is answered</text>",
    "</svg>",
    "",
  ];
  await Deno.writeTextFile(PICTURE, lines.join("\n"));
}
