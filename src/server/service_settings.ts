import { asSource, Failure, Malformed } from "../os/errors.ts";
import { suggestion } from "../os/suggestion.ts";
import { checkName } from "../schedule/derivation.ts";
import { CANARY_SERVICE } from "../schedule/open_doors.ts";
import { parsePort } from "../schedule/ports.ts";

/** A service beside ssh that users reach through ports of their own: `[service.NAME]` of server.toml. */
export interface ServiceSetting {
  readonly name: string;
  /** Where it listens on this machine. */
  readonly port: number;
  /** Whether direct connections from outside are dropped. */
  readonly hidden: boolean;
  /** What it speaks; TCP unless given. */
  readonly proto?: "udp";
}

/** One rule names the ports of all services, ssh, canaries and the tarpit, and takes fifteen at most. */
const MOST_SERVICES = 12;

/** One setting of a service, as a file shows it. */
export interface ServiceLine {
  readonly name: string;
  /** The default, or where the setting must be there an example; as TOML has it. */
  readonly value: string;
  /** What it does, in one line without a full stop. */
  readonly text: string;
}

/** Every setting of `[service.NAME]`. */
export const SERVICE_LINES: readonly ServiceLine[] = [
  { name: "to", value: "5432", text: "the port it listens on, not on 127.0.0.1 alone; required" },
  { name: "hide", value: "true", text: "drop direct connections from outside" },
  {
    name: "fail",
    value: '"closed"',
    text: "the only choice: if serve dies, plain SSH answers and no other service",
  },
  { name: "proto", value: '"tcp"', text: 'what it speaks ("tcp" or "udp")' },
];

const NAMES = SERVICE_LINES.map(({ name }) => name);

/**
 * Reads the services of a configuration file, in their order: of two with the same port in a minute the
 * first has it.
 *
 * ```toml
 * [service.postgres]
 * to = 5432        # the port it listens on
 * hide = true      # default
 * fail = "closed"  # the only choice: plain SSH is what answers when serve has died
 * proto = "tcp"    # default; or "udp"
 * ```
 *
 * @param tables what stands under `service`
 * @param where the file, for messages
 * @throws {Failure} naming the service
 */
export function readServiceSettings(tables: unknown, where: string): readonly ServiceSetting[] {
  if (tables === undefined) return [];
  if (!isTable(tables)) {
    throw new Failure(`service in ${where} must be tables`, { hint: "write [service.NAME]" });
  }
  const services = Object.entries(tables).map(([name, table]) =>
    asSource(`service "${name}" in ${where}`, () => readService(name, table))
  );
  if (services.length > MOST_SERVICES) {
    throw new Failure(`${services.length} services in ${where} are too many`, {
      hint: `${MOST_SERVICES} at most`,
    });
  }
  const byPort = new Map<string, string>();
  for (const { name, port, proto = "tcp" } of services) {
    const other = byPort.get(`${port} ${proto}`);
    if (other !== undefined) {
      throw new Failure(`services "${other}" and "${name}" in ${where} have the same port ${port}`);
    }
    byPort.set(`${port} ${proto}`, name);
  }
  return services;
}

function readService(name: string, table: unknown): ServiceSetting {
  checkName("service", name);
  if (name === CANARY_SERVICE) throw new Malformed("that name is C3PO's own");
  if (!isTable(table)) throw new Malformed("it must be a table", { hint: "write [service.NAME]" });
  for (const key of Object.keys(table)) {
    if (NAMES.includes(key)) continue;
    const near = suggestion(key, NAMES);
    throw new Malformed(
      `unknown setting "${key}"`,
      near === null ? {} : { hint: `did you mean ${near}?` },
    );
  }
  const { to, hide = true, fail = "closed", proto = "tcp" } = table;
  if (to === undefined) throw new Malformed('"to" is missing', { hint: "the port it listens on" });
  if (typeof to !== "number" && typeof to !== "string") throw new Malformed('"to" must be a port');
  if (typeof hide !== "boolean") throw new Malformed('"hide" must be true or false');
  if (fail !== "closed") {
    throw new Malformed('"fail" must be "closed"', {
      hint: "only plain SSH answers when serve has died",
    });
  }
  if (proto !== "tcp" && proto !== "udp") throw new Malformed('"proto" must be "tcp" or "udp"');
  const service = { name, port: parsePort(String(to)), hidden: hide };
  return proto === "tcp" ? service : { ...service, proto };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}
