import type { Arguments } from "../../cli/arguments.ts";
import { asArgument, Failure, Malformed, Misuse } from "../../os/errors.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import type { KeyLine } from "../../schedule/key.ts";
import { formatKey } from "../../schedule/key_text.ts";
import type { Host } from "../../os/host.ts";
import { findHostKey } from "../../client/host_key.ts";
import { hasColour, sizeHere } from "../../os/terminal.ts";
import { resolveHost } from "../../os/ssh.ts";
import { findOwnKey } from "./own.ts";

/**
 * `c3po key show`: answers with the line both ends share, or with its QR code. For a host that is the
 * key derived for it, never a master key, which must not be on a server.
 */
export async function showKey(
  args: Arguments,
  [name]: readonly string[],
  host: Host,
): Promise<number> {
  const address = args.value("page");
  const page = address === undefined ? undefined : asArgument(() => parsePage(address));
  checkQr(args, host);
  const file = args.value("key");
  const { key, source } = name === undefined
    ? await findOwnKey(file, host)
    : await findHostKey({ file, name, resolve: () => resolveHost(name) }, host);
  if (args.has("qr")) return await showQr(key, page, host);
  const line = formatKey(key);
  if (args.has("json")) host.terminal.out(`${JSON.stringify({ source, key: line })}\n`);
  else host.terminal.raw(`${line}\n`);
  if (host.terminal.interactive) host.terminal.note(WARNING);
  return 0;
}

const WARNING = "c3po: anyone who sees this line knows every port; clear the screen";
const CODE_WARNING = "c3po: anyone who sees this code knows every port; clear the screen";
const HISTORY =
  "c3po: hint: a browser keeps this URL in its history; to avoid that, make the code without --page " +
  "and scan it in the page itself";

function checkQr(args: Arguments, host: Host): void {
  if (!args.has("qr")) {
    if (args.value("page") !== undefined) throw new Misuse("--page goes with --qr only");
    return;
  }
  if (args.has("json")) throw new Misuse("--json does not go with --qr");
  if (!host.terminal.interactive) {
    throw new Misuse("--qr draws on a terminal only, so that the code is not saved to a file", {
      hint: "for a program, c3po key show without --qr prints the key line",
    });
  }
}

/** The code comes last, so that nothing pushes it off the screen. */
async function showQr(key: KeyLine, page: string | undefined, host: Host): Promise<number> {
  const { drawQr } = await import("../../cli/view/qr.ts");
  const line = formatKey(key);
  const { columns, rows } = sizeHere();
  const text = page === undefined ? line : `${page}#${encoded(line)}`;
  const drawing = drawQr(text, { columns, rows: rows - 1 }, hasColour()); // the prompt needs a line
  if ("needs" in drawing) {
    const { columns: wide, rows: high } = drawing.needs;
    throw new Failure(`the code needs ${wide} columns and ${high + 1} lines`, {
      hint: `this terminal has ${columns} and ${rows}: enlarge it, or make its letters smaller`,
    });
  }
  const mark = await fingerprint(key);
  if (mark !== null) host.terminal.note(`c3po: the fingerprint is ${mark} at the other end too`);
  host.terminal.note(CODE_WARNING);
  if (page !== undefined) host.terminal.note(HISTORY);
  host.terminal.raw(drawing.lines.map((each) => `${each}\n`).join(""));
  return 0;
}

/** A key line as it stands behind a `#`: a random key as it is, of words what an address cannot hold. */
function encoded(line: string): string {
  return encodeURIComponent(line).replaceAll("%3F", "?").replaceAll("%3D", "=")
    .replaceAll("%3A", ":");
}

/**
 * Reads where the page of `c3po page` is.
 *
 * @throws {Malformed} for what is no address of a page that a browser gives cryptography to
 */
function parsePage(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? "");
  if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && isLocal))) {
    throw new Malformed(`"${text}" is not an https URL of a page`, {
      hint: "give the URL of your copy, as in https://web1.example.org/c3po.html",
    });
  }
  if (text.includes("#")) {
    throw new Malformed(`"${text}" already has a "#", which is needed for the key`);
  }
  return text;
}
