import type { Command } from "../cli/command.ts";
import { Misuse } from "../os/errors.ts";
import { VERSION } from "../os/version.ts";

/** `c3po page`: the client as a page of one file, for a phone. */
export const page: Command = {
  name: "page",
  summary: "print the client as one HTML file, for phones and tablets",
  usage: ["page > c3po.html"],
  options: [],
  about: [
    "The page needs no network and sends nothing. It has no key until you give it one: typed, " +
    "scanned from the QR code of c3po key show --qr, or passed in its URL.",
    "Open it as a file on the device, or serve it over https.",
  ],
  async run(args, host) {
    args.take(0, 0, "");
    if (host.terminal.interactive) {
      throw new Misuse("the page is a file for a browser, not for a terminal", {
        hint: "c3po page > c3po.html",
      });
    }
    const { default: built } = await import("../page/built.json", { with: { type: "json" } });
    const made = Math.floor(host.clock.now() / 1000);
    host.terminal.raw(
      built.html.replace("{{made}}", String(made)).replace("{{ version }}", VERSION),
    );
    return 0;
  },
};
