import { encodeQR } from "qr";

/** How wide the margin should be, in modules; readers want four, and manage with two. */
const MARGINS = [4, 3, 2];
/** White on black whatever the theme, since many readers take no inverted code. */
const COLOURS = "\x1b[38;5;231;48;5;16m";
const RESET = "\x1b[0m";

/** The room there is for a drawing, in characters. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

/** A QR code for a terminal, or the room it would need. */
export type Drawing =
  | { readonly lines: readonly string[] }
  | { readonly needs: Room };

/**
 * Draws a text as a QR code, two modules to a character, with the widest margin that fits.
 *
 * @param coloured whether the drawing brings its colours along; without them it is right on a dark
 * terminal, as other tools draw it
 */
export function drawQr(text: string, { columns, rows }: Room, coloured: boolean): Drawing {
  const fitting = MARGINS.map((border) => encodeQR(text, "raw", { ecc: "low", border }));
  const code = fitting.find((each) => each.length <= columns && each.length <= 2 * rows);
  if (code !== undefined) {
    const lines = halves(code);
    return { lines: coloured ? lines.map((line) => COLOURS + line + RESET) : lines };
  }
  const size = fitting.at(-1)!.length;
  return { needs: { columns: size, rows: Math.ceil(size / 2) } };
}

/** Light modules are what is drawn; a last odd row has light below it, as the margin has. */
function halves(code: readonly (readonly boolean[])[]): string[] {
  const lines: string[] = [];
  for (let y = 0; y < code.length; y += 2) {
    const below = code[y + 1];
    lines.push(
      code[y]!.map((dark, x) => {
        const lower = below?.[x] ?? false;
        return dark ? (lower ? " " : "▄") : (lower ? "▀" : "█");
      }).join(""),
    );
  }
  return lines;
}
