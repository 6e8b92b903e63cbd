import { StateFiles } from "../../bans/state_files.ts";
import { ManualBans, runningBans } from "../../bans/manual_bans.ts";
import { forgivenBy } from "../../bans/pending_commands.ts";
import type { Ban, Firewall } from "../../firewall/firewall.ts";
import { type Family, parseBanned } from "../../os/address.ts";
import { type Host, runtimeFolder, stateFolder } from "../../os/host.ts";
import { networkNamespace } from "../../os/procfs.ts";
import { needRoot } from "../../os/root.ts";
import { chosenFirewall } from "../server_config.ts";

/** Where a ban list is read and changed: the kernel, and what `serve` remembers or is to learn. */
export interface Books {
  readonly firewall: Firewall;
  readonly files: StateFiles;
}

/** A ban as it is shown. */
export interface Row {
  readonly address: string;
  readonly family: Family;
  /** Seconds it has left; null if it stays. */
  readonly seconds: number | null;
  readonly offences: number;
  readonly lastPort: number | null;
  /** `trap`, `hand`, or `fleet:` and the server that reported it. */
  readonly origin: string;
}

/** Opens the books as root. */
export async function withBooks<T>(host: Host, action: (books: Books) => Promise<T>): Promise<T> {
  needRoot();
  await using firewall = await chosenFirewall(host);
  return await action({ firewall, files: new StateFiles(stateFolder(host)) });
}

/** The bans of the kernel; without `serve`, also those that wait to be restored. */
export async function bansNow({ firewall, files }: Books, host: Host): Promise<Row[]> {
  const now = host.clock.now();
  const { offenders, banned } = await files.readRecords();
  const { commands } = await files.readCommands();
  const isForgiven = forgivenBy(commands);
  const offences = new Map(
    offenders.filter(({ address }) => !isForgiven(address.text)).map((each) =>
      [each.address.text, each] as const
    ),
  );
  const manual = new ManualBans(banned);
  for (const command of commands) manual.take(command);
  const byHand = new Set(manual.list(now).map(({ address }) => address.text));
  const bans = new Map<string, Ban>();
  if (!await firewall.isLoaded()) {
    for await (const saved of files.readBans(now)) {
      for (const ban of saved) if (!isForgiven(ban.address.text)) bans.set(ban.address.text, ban);
    }
  }
  const present = await firewall.bans(Infinity);
  if (present !== null) {
    for (const ban of present) bans.set(ban.address.text, ban);
  } else {
    for (const ban of runningBans(offences.values(), manual.list(now), now)) {
      bans.set(ban.address.text, ban);
    }
  }
  const own = [...bans.values()].map(({ address: { text, family }, seconds }) => ({
    address: text,
    family,
    seconds,
    offences: offences.get(text)?.offences ?? 0,
    lastPort: offences.get(text)?.lastPort ?? null,
    origin: byHand.has(text) ? "hand" : "trap",
  }));
  const { readShared } = await import("../../server/share/shared_file.ts");
  const shared = await readShared(runtimeFolder(host), await networkNamespace());
  return [
    ...own,
    ...shared.filter(({ address, until }) =>
      until > now && !bans.has(address) && !isForgiven(address)
    ).map(({ address, until, member }) => ({
      address,
      family: parseBanned(address).family,
      seconds: Math.ceil((until - now) / 1000),
      offences: 0,
      lastPort: null,
      origin: `fleet:${member}`,
    })),
  ];
}
