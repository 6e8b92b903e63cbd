import { eventLog, type Fields } from "../os/event_log.ts";
import type { PendingCommand } from "./pending_commands.ts";

/** A list of a hundred thousand networks may be allowed in one go: more than this are counted. */
const LOG_LINES = 20;

const log = eventLog("bans");

/** Says what was done by hand. */
export function tellCommands(commands: readonly PendingCommand[]): void {
  for (const command of commands.slice(0, LOG_LINES)) tell(command);
  const suppressed = commands.length - LOG_LINES;
  if (suppressed <= 0) return;
  log.info("commands_suppressed", "too many manual commands at once, the rest not logged", {
    suppressed,
  });
}

function tell(command: PendingCommand): void {
  if (command.do === "forgive all") {
    log.info("unban", "all bans removed manually", { address: "all" });
  } else if (command.do === "publish") {
    log.info("publish", "passing a line on to the fleet", {});
  } else LOG[command.do]({ address: command.address.text });
}

/** What the log says of a command. */
const LOG = {
  ban: (fields: Fields) => log.info("manual_ban", "banned manually", fields),
  forgive: (fields: Fields) => log.info("unban", "ban removed manually", fields),
  allow: (fields: Fields) => log.info("allow", "added to the allow list", fields),
  disallow: (fields: Fields) => log.info("disallow", "removed from the allow list", fields),
} as const;
