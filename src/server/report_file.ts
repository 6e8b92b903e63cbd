import { join } from "../os/path.ts";
import { C3poError } from "../os/errors.ts";
import { parseReport, type Report } from "./report.ts";
import { formatReport } from "./report.ts";
import { readText, removeFile, writePrivate } from "../os/files.ts";
import { networkNamespace, networkNamespaceOf } from "../os/procfs.ts";

/** An hour of windows, each with as many traps as there can be and a thousand doors, is half of it. */
const LARGEST = 32 << 20;

/** Where the `serve` of this network namespace leaves its report. */
export async function reportFile(runtimeFolder: string): Promise<string> {
  return join(runtimeFolder, `serve-${await networkNamespace()}.json`);
}

/** Writes a report in one step, readable by its owner alone. */
export async function writeReport(file: string, report: Report): Promise<void> {
  await writePrivate(file, formatReport(report), true);
}

/** Removes a report. */
export async function removeReport(file: string): Promise<void> {
  await removeFile(file);
}

/**
 * The report of the `serve` that runs in this network namespace.
 *
 * @returns null if none runs, also if one died without removing it (no process has its number then)
 */
export async function readReport(file: string): Promise<Report | null> {
  try {
    const text = await readText(file, LARGEST);
    if (text === null) return null;
    const report = parseReport(text);
    const [here, there] = await Promise.all([networkNamespace(), networkNamespaceOf(report.pid)]);
    return here === there ? report : null;
  } catch (error) {
    if (error instanceof C3poError) return null;
    throw error;
  }
}
