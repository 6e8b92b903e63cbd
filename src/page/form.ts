/// <reference lib="dom" />
import { C3poError, Malformed } from "../os/errors.ts";
import { element, say, show } from "./dom.ts";
import { keptKey, type KeyNote, noteOf, type SavedHost } from "./hosts.ts";
import { hasCamera, scan } from "./scan.ts";
import { parseTarget } from "./target.ts";

/** What the form needs of the page around it. */
export interface FormOwner {
  /** Takes a host in the place of another of that name, or as a new one. */
  keep(host: SavedHost, instead: string | null): void;
  /** Whether a name is taken. */
  has(name: string): boolean;
  /** Called when the form is left without a host. */
  cancelled(): void;
}

/** The form for a new host, or for one that changes. */
export class Form {
  readonly #owner: FormOwner;
  #editing: SavedHost | null = null;
  #camera: AbortController | null = null;

  /** Wires up fields and buttons. */
  constructor(owner: FormOwner) {
    this.#owner = owner;
    element("form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    field("key").addEventListener("input", () => void this.#explain());
    element("reveal").addEventListener(
      "click",
      () => this.#reveal(element("reveal").textContent === "Show"),
    );
    element("cancel").addEventListener("click", () => {
      this.close();
      owner.cancelled();
    });
    element("scan").addEventListener("click", () => void this.#scan());
  }

  /** Whether the user is filling it in. */
  get isOpen(): boolean {
    return !element("form").hidden;
  }

  /**
   * Opens it.
   *
   * @param host that is to change; null for a new one
   * @param line a key that came with the address
   */
  open(host: SavedHost | null, line = ""): void {
    this.#editing = host;
    field("key").value = line;
    field("target").value = host?.target ?? "";
    field("name").value = host?.name ?? "";
    field("key").placeholder = host === null ? "c3po-1-…" : "unchanged";
    say("form-name", host === null ? "Add a host" : `Edit ${host.name}`);
    say("submit", host === null ? "Add" : "Save");
    say("form-says", "");
    say("scan-says", hasCamera() ? "" : NO_CAMERA);
    show("scan", hasCamera());
    show("form-intro", host === null);
    this.#reveal(false);
    show("form", true);
    void this.#explain();
  }

  /** Goes to the first field that is empty; a phone may bring up its keyboard. */
  focus(): void {
    const empty = ["key", "target", "name"].find((id) => field(id).value === "");
    field(this.#editing === null ? empty ?? "key" : "target").focus();
  }

  /** Closes it, and forgets what was typed. */
  close(): void {
    this.#camera?.abort();
    field("key").value = "";
    show("form", false);
  }

  async #submit(): Promise<void> {
    const button = element<HTMLButtonElement>("submit");
    try {
      say("form-says", "");
      const target = field("target").value.trim();
      const parsed = target === "" ? null : parseTarget(target);
      const name = field("name").value.trim() || target;
      if (name === "") throw new Malformed("give the host a name");
      const instead = this.#editing?.name ?? null;
      if (name !== instead && this.#owner.has(name)) {
        throw new Malformed(`there is a host "${name}" already`);
      }
      const line = field("key").value;
      button.disabled = true;
      button.textContent = "Computing…";
      const kept = line.trim() === "" && this.#editing !== null
        ? { key: this.#editing.key, kind: this.#editing.kind }
        : await keptKey(line, parsed);
      this.close();
      this.#owner.keep({ name, target, ...kept }, instead);
    } catch (error) {
      say("form-says", sentence(error));
    } finally {
      button.disabled = false;
      button.textContent = this.#editing === null ? "Add" : "Save";
    }
  }

  /** Tells what kind of key stands in the field, so that a key that lost a letter is noticed. */
  async #explain(): Promise<void> {
    const line = field("key").value;
    let text = "";
    try {
      if (line.trim() !== "") text = sentenceOf(await noteOf(line));
    } catch (error) {
      text = sentence(error);
    }
    if (field("key").value === line) say("key-says", text);
  }

  #reveal(shown: boolean): void {
    element("key").classList.toggle("shown", shown);
    element("reveal").setAttribute("aria-pressed", String(shown));
    say("reveal", shown ? "Hide" : "Show");
  }

  async #scan(): Promise<void> {
    if (this.#camera !== null) return this.#camera.abort();
    const camera = this.#camera = new AbortController();
    say("scan", "Stop the camera");
    say("scan-says", "Hold the code of c3po key show --qr before the camera.");
    show("camera", true);
    try {
      const line = await scan(element<HTMLVideoElement>("camera"), camera.signal);
      if (camera.signal.aborted) return say("scan-says", "");
      if (line !== null) {
        say("scan-says", "Key read from the code.");
        field("key").value = line;
        void this.#explain();
        field("target").focus();
      }
    } catch {
      say("scan-says", REFUSED);
    } finally {
      this.#camera = null;
      show("camera", false);
      say("scan", "Scan a QR code");
    }
  }
}

const OTHERWISE = "Use the camera app on a code of c3po key show --qr, and copy what it reads.";
const NO_CAMERA = `This browser lets no page use a camera. ${OTHERWISE}`;
const REFUSED = `There is no camera, or this page may not use it. ${OTHERWISE}`;

const KINDS: Readonly<Record<KeyNote["kind"], string>> = {
  random: "Random key",
  passphrase: "Passphrase. If it was to be a key, it is not whole",
  classic: "Classic secret of 2007",
  master: "Master key; of it only the key of this host is kept",
};

function sentenceOf({ kind, fingerprint, ports }: KeyNote): string {
  const mark = fingerprint === null ? "" : `, fingerprint ${fingerprint}`;
  return `${KINDS[kind]}${mark}, ports ${ports}.`;
}

function sentence(error: unknown): string {
  if (!(error instanceof C3poError)) throw error;
  const words = error.hint === undefined ? error.message : `${error.message}: ${error.hint}`;
  return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}

function field(id: string): HTMLInputElement {
  return element<HTMLInputElement>(id);
}
