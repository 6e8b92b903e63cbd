/// <reference lib="dom" />
import { parseKey } from "../schedule/key_text.ts";
import type { SavedHost } from "./hosts.ts";

const PLACE = "c3po.hosts";

/** What the browser keeps. */
export interface Kept {
  readonly hosts: readonly SavedHost[];
  /** The name of the host that is shown. */
  readonly selected: string | null;
}

/** Reads what the browser keeps; what is damaged is left out. */
export function load(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<Kept>;
    const hosts = Array.isArray(kept.hosts) ? kept.hosts.filter(isHost) : [];
    return { hosts, selected: typeof kept.selected === "string" ? kept.selected : null };
  } catch {
    return { hosts: [], selected: null };
  }
}

/** @returns whether the browser keeps it: in a private window, or for some kinds of files, it may not */
export function save(kept: Kept): boolean {
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

/** Calls back when another tab of this page has changed what is kept. */
export function onChange(changed: () => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === PLACE || key === null) changed();
  });
}

function isHost(value: unknown): value is SavedHost {
  const { name, target, key, kind } = (value ?? {}) as Partial<Record<keyof SavedHost, unknown>>;
  return typeof name === "string" && typeof target === "string" && isKey(key) &&
    (kind === "random" || kind === "passphrase" || kind === "classic");
}

function isKey(line: unknown): boolean {
  try {
    return typeof line === "string" && parseKey(line) !== undefined;
  } catch {
    return false;
  }
}
