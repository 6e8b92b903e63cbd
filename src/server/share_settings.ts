import { asSource, Failure, Malformed } from "../os/errors.ts";
import { suggestion } from "../os/suggestion.ts";

/** Where a fleet shares its bans, and what this server does with them: `[share]` of server.toml. */
export interface ShareSetting {
  /** The store, such as `rediss://bans.example.org:6380`. */
  readonly store: string;
  /** A replica of the store that this server reads from; null if it reads from the store itself. */
  readonly replica: string | null;
  /** A file of certificates that the store's own is verified with; null for those of the system. */
  readonly ca: string | null;
  /** A file with `username` and `password`; null if the store asks for none. */
  readonly credentials: string | null;
  /** The file of members, a line `NAME PUBLIC-KEY` for each. */
  readonly members: string;
  /** The file of the key by which this server signs. */
  readonly key: string;
  /** The public key of the fleet's administrator; null if no orders are taken. */
  readonly admin: string | null;
  /** What is told to others: nothing, completed connections, or SYNs and bans by hand as well. */
  readonly publish: "off" | "confirmed" | "all";
  /** What is taken from others: nothing, completed connections, or also SYNs that so many members saw. */
  readonly apply: "off" | "confirmed" | { readonly quorum: number };
  /** Whether addresses of private networks are shared: only for members in one network. */
  readonly private: boolean;
}

/** One setting of `[share]`. */
interface ShareOption<T> {
  /** What it does, in one line without a full stop. */
  readonly text: string;
  /** @throws {Malformed} for a value that cannot be used */
  readonly parse: (value: unknown) => T;
  /** What holds where nothing is set; undefined if it must be set. */
  readonly fallback: T | undefined;
  /** Where nothing or something required holds: what a settings file may say. */
  readonly example?: string;
}

/** With fewer members than these a quorum is none; more see no SYN of one address within its time. */
const [LEAST_QUORUM, MOST_QUORUM] = [2, 100];

/** Every setting of `[share]`, by its name. */
export const SHARE_OPTIONS: {
  readonly [Name in keyof ShareSetting]: ShareOption<ShareSetting[Name]>;
} = {
  store: {
    text: "the Redis or Valkey server: rediss://HOST:PORT, or redis://HOST:PORT without TLS",
    parse: (value) => parseStore(text(value)),
    fallback: undefined,
    example: "rediss://bans.example.org:6380",
  },
  replica: {
    text: "a replica of the store, to read from (default: the store)",
    parse: (value) => parseStore(text(value)),
    fallback: null,
    example: "rediss://near.example.org:6380",
  },
  ca: {
    text: "file of certificates that the store's own is verified with (default: the system's)",
    parse: text,
    fallback: null,
    example: "/etc/c3po/store-ca.pem",
  },
  credentials: {
    text: "file of mode 0600 with the username and password of the store",
    parse: text,
    fallback: null,
    example: "/etc/c3po/store.toml",
  },
  members: {
    text: "file of members: NAME PUBLIC-KEY in each line",
    parse: text,
    fallback: "/etc/c3po/members",
  },
  key: {
    text: "file of mode 0600 with the key by which this server signs",
    parse: text,
    fallback: "/etc/c3po/member.key",
  },
  admin: {
    text: "public key of the fleet's administrator, whose orders are taken",
    parse: text,
    fallback: null,
    example: "PUBLIC-KEY",
  },
  publish: {
    text: "off, confirmed (completed connections to traps) or all (SYNs and manual bans as well)",
    parse: oneOf("off", "confirmed", "all"),
    fallback: "confirmed",
  },
  apply: {
    text: "off, confirmed, or quorum:N (also SYNs that N members saw)",
    parse: parseApply,
    fallback: "confirmed",
  },
  private: {
    text: "share addresses of private networks too",
    parse: (value) => {
      if (typeof value === "boolean") return value;
      throw new Malformed("it must be true or false");
    },
    fallback: false,
  },
};

/** One setting of `[share]`, as a file shows it. */
export interface ShareLine {
  readonly name: string;
  /** The default, or an example; as TOML has it. */
  readonly value: string;
  readonly isDefault: boolean;
  /** What it does, in one line without a full stop. */
  readonly text: string;
}

/** Every setting of `[share]`, in the order of the table. */
export const SHARE_LINES: readonly ShareLine[] = Object.entries<ShareOption<unknown>>(
  SHARE_OPTIONS,
).map(([name, { text, fallback, example }]) => ({
  name,
  value: JSON.stringify(example ?? fallback),
  isDefault: example === undefined,
  text: fallback === undefined ? `${text}; required` : text,
}));

/**
 * Reads `[share]` of a configuration file.
 *
 * @param table what stands under `share`
 * @param where the file, for messages
 * @returns null if there is no such table
 * @throws {Failure} naming the setting
 */
export function readShareSetting(table: unknown, where: string): ShareSetting | null {
  if (table === undefined) return null;
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    throw new Failure(`share in ${where} must be a table`, { hint: "write [share]" });
  }
  const names = Object.keys(SHARE_OPTIONS);
  for (const name of Object.keys(table)) {
    if (names.includes(name)) continue;
    const near = suggestion(name, names);
    throw new Failure(
      `unknown setting "${name}" of share in ${where}`,
      near === null ? {} : { hint: `did you mean ${near}?` },
    );
  }
  const given = table as Readonly<Record<string, unknown>>;
  const read = Object.entries<ShareOption<unknown>>(SHARE_OPTIONS).map(([name, row]) => {
    const value = given[name];
    if (value === undefined && row.fallback === undefined) {
      throw new Failure(`"${name}" of share in ${where} is missing`);
    }
    const parsed = value === undefined
      ? row.fallback
      : asSource(`${name} of share in ${where}`, () => row.parse(value));
    return [name, parsed];
  });
  return Object.fromEntries(read) as ShareSetting;
}

function text(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Malformed("it must be a string");
}

function oneOf<const T extends string>(...words: readonly T[]): (value: unknown) => T {
  return (value) => {
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    throw new Malformed(`"${text(value)}" is not one of ${words.join(", ")}`);
  };
}

/** Never quotes what may hold a password. */
function parseStore(given: string): string {
  const url = URL.parse(given);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "") {
    throw new Malformed("it is not the address of a store", {
      hint: "write it as in rediss://bans.example.org:6380",
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new Malformed("a user name or password has no place in it", {
      hint: "put them into the file that credentials names",
    });
  }
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new Malformed(`"${given}" has more than a host and a port`);
  }
  const isSecure = url.protocol === "rediss:";
  return `${url.protocol}//${url.hostname}:${url.port || (isSecure ? "6380" : "6379")}`;
}

function parseApply(value: unknown): ShareSetting["apply"] {
  const given = text(value);
  if (given === "off" || given === "confirmed") return given;
  const [, digits] = /^quorum:(\d{1,3})$/.exec(given) ?? [];
  const quorum = Number(digits);
  if (digits !== undefined && quorum >= LEAST_QUORUM && quorum <= MOST_QUORUM) return { quorum };
  throw new Malformed(`"${given}" is not one of off, confirmed, quorum:N`, {
    hint: `N is ${LEAST_QUORUM} to ${MOST_QUORUM}`,
  });
}

/** A forger must need at least so many packets to have a stranger banned by a quorum. */
export const LEAST_FORGED = 2000;

/**
 * How many forged SYNs have a stranger banned everywhere, on average: of those that arrive at a server one in
 * (ports + 1)/(traps + 1) meets a trap first, and a quorum of servers has to see one.
 *
 * @param quorum how many members have to report an address
 * @param ports how many ports the range has
 * @param traps how many of them are traps
 */
export function forgedPackets(quorum: number, ports: number, traps: number): number {
  return Math.floor(quorum * (ports + 1) / (traps + 1));
}
