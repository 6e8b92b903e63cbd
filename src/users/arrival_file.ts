import { C3poError } from "../os/errors.ts";
import { readText, writePrivate } from "../os/files.ts";
import { join } from "../os/path.ts";
import { ArrivalLedger, formatArrivals, parseArrivals } from "./arrival_ledger.ts";

/** A full ledger takes half of it. */
const LARGEST = 4 << 20;

/** Where `serve` keeps who came. */
export function arrivalFile(stateFolder: string): string {
  return join(stateFolder, "arrivals.json");
}

/**
 * Reads who came.
 *
 * @param warn told why, if the file cannot be used; it then counts as empty
 */
export async function readArrivals(
  stateFolder: string,
  warn: (reason: string) => void = () => {},
): Promise<ArrivalLedger> {
  try {
    const text = await readText(arrivalFile(stateFolder), LARGEST);
    return text === null ? new ArrivalLedger() : parseArrivals(text);
  } catch (error) {
    if (!(error instanceof C3poError)) throw error;
    warn(error.message);
    return new ArrivalLedger();
  }
}

/** Replaces what is written of who came. @throws {Failure} if it cannot be written */
export async function writeArrivals(stateFolder: string, ledger: ArrivalLedger): Promise<void> {
  await writePrivate(arrivalFile(stateFolder), formatArrivals(ledger), true);
}
