import { type SavedFile, savedFiles } from "../../firewall/other_tools/saved_files.ts";
import { exists } from "../../os/files.ts";
import type { Finding } from "../../os/finding.ts";
import { eventLog } from "../../os/event_log.ts";

/** What becomes of rules of C3PO's that were saved with the rest of a firewall. */
interface SavedNote {
  /** Whether the file loads at boot all the same. */
  readonly isLoadable: boolean;
  readonly found: string;
  readonly todo: string;
}

/** Makes the sets before the file is loaded. */
const UNIT = "c3po-sets.service";
/** What is there where that unit is enabled. */
const ENABLED = [
  "netfilter-persistent.service",
  "iptables.service",
  "ip6tables.service",
].map((unit) => `/etc/systemd/system/${unit}.wants/${UNIT}`);

const SAVE_AGAIN = "save it without them: systemctl stop c3po, save, systemctl start c3po";

const log = eventLog("firewall");

/** A note on each such file. */
async function savedNotes(): Promise<SavedNote[]> {
  const files = await savedFiles();
  if (files.length === 0) return [];
  const isEnabled = (await Promise.all(ENABLED.map(exists))).includes(true);
  return files.map((file) => noteOn(file, isEnabled));
}

function noteOn({ file, by }: SavedFile, isEnabled: boolean): SavedNote {
  const isLoadable = by === "iptables-restore" && isEnabled;
  return {
    isLoadable,
    found: isLoadable
      ? `"${file}" holds C3PO's rules; ${UNIT} makes their sets before it is loaded`
      : `"${file}" was saved with C3PO's rules in it: ${by} will refuse all of it at the next boot`,
    todo: by === "nft" ? SAVE_AGAIN : `systemctl enable ${UNIT}; or ${SAVE_AGAIN}`,
  };
}

/** Files from which the firewall of others is loaded at boot, with C3PO's rules in them. */
export async function savedFindings(): Promise<Finding[]> {
  return (await savedNotes()).map(({ isLoadable, found, todo }): Finding => ({
    what: "saved rules",
    found,
    ...isLoadable ? { grade: "ok" } : { grade: "warn", todo },
  }));
}

/** Warns at the start, while there is time to save again. */
export async function tellSaved(): Promise<void> {
  for (const { isLoadable, found, todo } of await savedNotes()) {
    if (!isLoadable) log.warn("rules_saved", found, { next: todo });
  }
}
