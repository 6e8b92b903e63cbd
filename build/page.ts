/**
 * Puts the page of `c3po page` together: `deno task page` writes src/page/built.json, which is kept in
 * the repository so that the program has the page wherever it runs from. A test holds it to its sources.
 */
import { bundle } from "./bundle.ts";

const FOLDER = "src/page";
/** Where the page as built is kept. */
export const BUILT = `${FOLDER}/built.json`;

const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
  '<rect width="32" height="32" rx="8" fill="#f2c14e"/><path fill="#1b1400" d="M9 7h14v18H9z"/>' +
  '<circle cx="19.5" cy="16.5" r="1.6" fill="#f2c14e"/></svg>';

/** The page, but for what `c3po page` fills in: `{{made}}` and `{{ version }}`. */
export async function buildPage(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-page-" });
  try {
    await bundle(`${folder}/page.js`, `${FOLDER}/main.ts`);
    const script = (await Deno.readTextFile(`${folder}/page.js`)).trim();
    const style = (await Deno.readTextFile(`${FOLDER}/page.css`)).trim();
    const parts = new Map([
      ["{{policy}}", await policy(script, style)],
      ["{{icon}}", `data:image/svg+xml,${encodeURIComponent(ICON)}`],
      ["<!-- style -->", `<style>${style}</style>`],
      ["<!-- script -->", `<script type="module">${script}</script>`],
    ]);
    const frame = await Deno.readTextFile(`${FOLDER}/index.html`);
    return frame.replace(/\{\{\w+\}\}|<!-- \w+ -->/g, (place) => parts.get(place) ?? place);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the browser is to allow: this script and this style, and no connection of any kind. */
async function policy(script: string, style: string): Promise<string> {
  return [
    "default-src 'none'",
    `script-src '${await hash(script)}'`,
    `style-src '${await hash(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

if (import.meta.main) {
  await Deno.writeTextFile(BUILT, `${JSON.stringify({ html: await buildPage() })}\n`);
}
