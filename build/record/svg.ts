import type { Shown } from "./transcript.ts";

/** The terminal that is filmed. */
export const SIZE = { columns: 100, rows: 30 };
const CELL = { width: 7.8, height: 17 };
const MARGIN = 14;
/** How long the last picture stays before it all begins again, in seconds. */
const REST = 6;

/** What an escape sequence begins with. */
const ESCAPE = `${String.fromCharCode(27)}\\[`;
const COLOUR = new RegExp(`(${ESCAPE}[0-9;]*m)`);
const CODES = new RegExp(`^${ESCAPE}([0-9;]*)m$`);
/** Sequences that do not colour, but move or erase. */
const OTHER = new RegExp(`${ESCAPE}[0-9;?]*[A-Za-ln-z]`, "g");

/** The colours of the story, by the number that ends their escape sequence. */
const COLOURS: Readonly<Record<string, string>> = {
  "1": "b",
  "2": "f",
  "31": "r",
  "32": "g",
  "33": "y",
  "36": "c",
  "91": "r",
};

const STYLE = [
  "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;",
  "fill:#d8dee9;white-space:pre}",
  ".b{font-weight:bold;fill:#fff}.f{fill:#8f9bb0}.r{fill:#ff6b6b}.g{fill:#8fd18f}",
  ".y{fill:#e8c56d}.c{fill:#6db8e8}.g.b{fill:#8fd18f}",
].join("");

/**
 * Draws a recording as a film that scrolls as the terminal did. The lines are laid out once, below
 * each other; the window over them moves down whenever a line is added.
 */
export function film(shown: readonly Shown[], title: string): string {
  const lines = shown.filter(({ until, from }) => until === null || until - from > 0);
  const duration = Math.max(...lines.map(({ from, until }) => until ?? from)) + REST;
  const share = (seconds: number): string => `${(seconds / duration * 100).toFixed(3)}%`;
  const width = round(SIZE.columns * CELL.width + 2 * MARGIN);
  const height = SIZE.rows * CELL.height + 2 * MARGIN;
  const scroll: string[] = [];
  let top = 0;
  for (const { row, from } of lines.toSorted((a, b) => a.from - b.from)) {
    const wanted = Math.max(0, row - SIZE.rows + 1);
    if (wanted <= top) continue;
    scroll.push(`${share(from)}{transform:translateY(-${wanted * CELL.height}px)}`);
    top = wanted;
  }
  const styles: string[] = [];
  const texts = lines.map(({ text, row, from, until }, i) => {
    const to = until === null ? "" : `${share(until)},100%{visibility:hidden}`;
    styles.push(
      `@keyframes k${i}{0%{visibility:hidden}${share(from)}{visibility:visible}${to}}` +
        `#t${i}{animation:k${i} ${round(duration)}s step-end infinite}`,
    );
    const y = round(MARGIN + (row + 0.75) * CELL.height);
    // Where nothing moves, only what stayed is to be seen.
    const still = until === null ? "" : ' visibility="hidden"';
    return `<text id="t${i}" x="${MARGIN}" y="${y}"${still}>${spans(text)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" ` +
    `width="${width}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}@keyframes s{0%{transform:translateY(0)}${scroll.join("")}}`,
    `#s{animation:s ${round(duration)}s step-end infinite}`,
    `${styles.join("\n")}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#1d2330"/>`,
    `<svg x="0" y="${MARGIN / 2}" width="${width}" height="${height - MARGIN}" ` +
    `viewBox="0 ${MARGIN / 2} ${width} ${height - MARGIN}">`,
    `<g id="s">`,
    ...texts,
    "</g></svg></svg>",
    "",
  ].join("\n");
}

/** A text with the escape sequences of colours as pieces with classes. */
function spans(text: string): string {
  const classes = new Set<string>();
  return text.replace(OTHER, "").split(COLOUR).map((part) => {
    const [, codes] = CODES.exec(part) ?? [];
    if (codes === undefined) {
      const cut = escaped(part);
      if (cut === "") return "";
      return classes.size === 0 ? cut : `<tspan class="${[...classes].join(" ")}">${cut}</tspan>`;
    }
    for (const code of codes.split(";")) {
      const name = COLOURS[code];
      if (code === "22") ["b", "f"].forEach((each) => classes.delete(each));
      else if (code === "39") ["r", "g", "y", "c"].forEach((each) => classes.delete(each));
      else if (code === "0" || code === "") classes.clear();
      else if (name !== undefined) classes.add(name);
    }
    return "";
  }).join("");
}

/** As XML has it, which knows no control characters, not even escaped. */
function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, "")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
