import { eventLog } from "../os/event_log.ts";
import { minuteAt } from "../schedule/minute.ts";
import { type Registry, type User, userFilePath } from "../users/registry.ts";
import { isExpired } from "../users/user_file.ts";

/** Who came, changed and went between two looks at the users' files. */
export interface Differences {
  readonly added: readonly User[];
  readonly changed: readonly User[];
  readonly removed: readonly User[];
}

const log = eventLog("users");

/** Says what becomes of users, each thing once. */
export class UserLog {
  readonly #folder: string;
  #problems: ReadonlySet<string> = new Set();
  readonly #expired = new Set<string>();

  /** @param folder where the users' files are */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is wrong with files; what was wrong before and still is has been said. */
  problems({ problems }: Registry): void {
    const told = this.#problems;
    this.#problems = new Set(problems.map(({ file, message }) => `${file} ${message}`));
    for (const { file, message, hint } of problems) {
      if (told.has(`${file} ${message}`)) continue;
      log.error("user_unusable", "a user is not served, others are", {
        file,
        error: message,
        ...(hint === undefined ? {} : { next: hint }),
      });
    }
  }

  /** Who came, changed and went. Of a user whose file is wrong now that has been said. */
  differences({ added, changed, removed }: Differences, { problems }: Registry): void {
    for (const user of added) {
      log.info("user_added", "opening the ports of a new user", fieldsOf(user));
    }
    for (const user of changed) log.info("user_changed", "a user changed", fieldsOf(user));
    const broken = new Set(problems.map(({ file }) => file));
    for (const user of removed) {
      if (broken.has(this.#folder) || broken.has(userFilePath(this.#folder, user.name))) continue;
      log.info("user_removed", "closing the ports of a user who was removed", fieldsOf(user));
    }
    for (const { name } of [...changed, ...removed]) this.#expired.delete(name);
  }

  /** Whose time is over. @param now unix milliseconds */
  expired({ users }: Registry, now: number): void {
    for (const user of users) {
      if (this.#expired.has(user.name) || !isExpired(user, minuteAt(now))) continue;
      this.#expired.add(user.name);
      log.info("user_expired", "ports of a user are shut, their time is over", fieldsOf(user));
    }
  }
}

function fieldsOf({ name, fingerprint }: User): Readonly<Record<string, string>> {
  return { user: name, ...(fingerprint === null ? {} : { fingerprint }) };
}
