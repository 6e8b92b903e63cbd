import type { Arguments } from "../../cli/arguments.ts";
import { asArgument, Failure } from "../../os/errors.ts";
import { exists, removeFile } from "../../os/files.ts";
import { type Host, runtimeFolder, stateFolder } from "../../os/host.ts";
import { needRoot } from "../../os/root.ts";
import type { Cut } from "../../server/cut.ts";
import type { ServerConfig } from "../../server/options.ts";
import { checkUserName, type User, userFilePath, USERS_FOLDER } from "../../users/registry.ts";
import { findUsers, serverSettings } from "../server_config.ts";

/** `c3po user remove NAME`: answers with the file that is gone. */
export async function removeUser(name: string, args: Arguments, host: Host): Promise<number> {
  asArgument(() => checkUserName(name));
  const config = await serverSettings(host);
  const path = userFilePath(config.users ?? USERS_FOLDER, name);
  if (!await exists(path)) {
    throw new Failure(`there is no user "${name}"`, { hint: "c3po user list shows all" });
  }
  const isRehearsal = args.has("dry-run");
  const isCut = args.has("cut") && !isRehearsal;
  const user = isCut ? await userToCut(name, config, host) : null;
  if (!isRehearsal) await removeFile(path);
  if (!isRehearsal) await warnIfLast(config, host);
  const cut = user === null ? null : await cutAfter(user, config, host);
  const answer = { user: name, file: path, ...(cut === null ? {} : { cut }) };
  host.terminal.out(args.has("json") ? `${JSON.stringify(answer)}\n` : `${path}\n`);
  if (cut === null) return 0;
  tell(cut, name, host);
  return cut.kept === 0 ? 0 : 1;
}

/** With the last key the last way in is gone as long as `serve` runs. */
async function warnIfLast(config: ServerConfig, host: Host): Promise<void> {
  const { registry: { users } } = await findUsers(config, undefined, host);
  if (users.length > 0) return;
  host.terminal.note("c3po: warning: no user is left, so no port leads to sshd while serve runs");
  host.terminal.note("c3po: hint: c3po user add NAME, or c3po key new for a key of the server");
}

/** The user whose sessions are to end; their key says which of them are theirs. */
async function userToCut(name: string, config: ServerConfig, host: Host): Promise<User> {
  needRoot();
  const { registry: { users } } = await findUsers(config, undefined, host);
  const user = users.find((each) => each.name === name);
  if (user !== undefined) return user;
  throw new Failure(`the file of user "${name}" cannot be used, so their sessions are not known`, {
    hint: "remove it without --cut; c3po user list says what is wrong",
  });
}

/** Ends the sessions when no new one can begin any more. */
async function cutAfter(user: User, config: ServerConfig, host: Host): Promise<Cut> {
  const { cutSessions, untilShut } = await import("../../server/cut.ts");
  if (!await untilShut(user.name, runtimeFolder(host), host.clock)) {
    host.terminal.note(
      "c3po: warning: serve has not shut the ports yet; look at journalctl -u c3po",
    );
  }
  return await cutSessions(user, config, stateFolder(host), host.clock.now());
}

function tell({ ended, left, kept }: Cut, name: string, host: Host): void {
  const sessions = (count: number): string => count === 1 ? "1 session" : `${count} sessions`;
  host.terminal.note(`c3po: ended ${sessions(ended)} of ${name}`);
  if (left > 0) {
    host.terminal.note(
      `c3po: warning: left ${sessions(left)} that may be those of another user; see ss -tn`,
    );
  }
  if (kept > 0) {
    host.terminal.note(
      `c3po: error: the kernel did not end ${sessions(kept)}; it may lack CONFIG_INET_DIAG_DESTROY`,
    );
  }
}
