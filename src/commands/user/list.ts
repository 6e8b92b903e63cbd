import type { Arguments } from "../../cli/arguments.ts";
import { columns } from "../../cli/help.ts";
import { type Host, stateFolder } from "../../os/host.ts";
import { minuteAt } from "../../schedule/minute.ts";
import { formatMoment } from "../../schedule/moment.ts";
import { readArrivals } from "../../users/arrival_file.ts";
import type { Arrival } from "../../users/arrival_ledger.ts";
import type { User } from "../../users/registry.ts";
import { isExpired } from "../../users/user_file.ts";
import { findUsers, serverSettings } from "../server_config.ts";

/** A user as the list shows one. */
interface Row {
  readonly user: string;
  readonly services: readonly string[];
  readonly expires: string | null;
  readonly state: User["state"] | "expired";
  readonly fingerprint: string | null;
  /** The last connection through a port of the user. */
  readonly lastArrival: { at: string; address: string; service: string } | null;
}

/** `c3po user list`: answers with who has ports, and notes whose files cannot be used. */
export async function listUsers(args: Arguments, host: Host): Promise<number> {
  const config = await serverSettings(host);
  const services = ["ssh", ...config.services.map(({ name }) => name)];
  const { registry: { users, problems } } = await findUsers(config, undefined, host);
  const now = host.clock.now();
  const { last } = await readArrivals(stateFolder(host));
  const rows = users.map((user): Row => ({
    user: user.name,
    services: user.services === "all" ? services : user.services,
    expires: user.expires === null ? null : formatMoment(user.expires),
    state: isExpired(user, minuteAt(now)) ? "expired" : user.state,
    fingerprint: user.fingerprint,
    lastArrival: shown(last.get(user.name)),
  }));
  if (args.has("json")) {
    host.terminal.out(`${JSON.stringify({ users: rows, problems })}\n`);
    return problems.length === 0 ? 0 : 1;
  }
  const head = ["USER", "SERVICES", "EXPIRES", "STATE", "FINGERPRINT", "LAST ARRIVAL"];
  const lines = rows.map(({ user, services, expires, state, fingerprint, lastArrival }) => [
    user,
    services.join(","),
    expires ?? "never",
    state,
    fingerprint ?? "none",
    lastArrival === null ? "none" : `${lastArrival.at} ${lastArrival.address}`,
  ]);
  if (rows.length === 0) host.terminal.note("c3po: no users yet");
  else host.terminal.out(columns([head, ...lines]));
  for (const { file, message, hint } of problems) {
    host.terminal.note(`c3po: error: "${file}": ${message}`);
    if (hint !== undefined) host.terminal.note(`c3po: hint: ${hint}`);
  }
  return problems.length === 0 ? 0 : 1;
}

function shown(arrival: Arrival | undefined): Row["lastArrival"] {
  if (arrival === undefined) return null;
  const { at, address, service } = arrival;
  return { at: formatMoment(at), address, service };
}
