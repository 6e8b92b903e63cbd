import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { parse as parseToml } from "@std/toml";
import { parseArguments } from "../../src/cli/arguments.ts";
import { serve } from "../../src/commands/serve.ts";
import { configSources } from "../../src/commands/server_config.ts";
import { fileSource, readServerConfig, type Source } from "../../src/server/config.ts";
import { SERVER_OPTIONS, type ServerConfig } from "../../src/server/options.ts";
import { C3poError, Failure, Misuse } from "../../src/os/errors.ts";
import { systemHost } from "../../src/os/host.ts";

function flags(values: Record<string, string[]>): Source {
  return {
    label: (option) => `--${option}`,
    values: (option) => values[option] ?? [],
    isCommandLine: true,
  };
}

Deno.test("the defaults are the published ones", () => {
  const config = readServerConfig([]);
  assertEquals(
    [config.sshPort, config.traps, config.banTime, config.banMax, config.trigger, config.scope],
    [22, 15, 900, 86_400, "syn", "ssh"],
  );
  assertEquals([config.grace, config.fail, config.logFormat], [15, "open", "text"]);
});

Deno.test("an earlier source wins, option by option", () => {
  const file = fileSource({ traps: 3, grace: "5s", allow: ["10.0.0.0/8", "::1"] }, "server.toml");
  const config = readServerConfig([flags({ traps: ["7"] }), file]);
  assertEquals([config.traps, config.grace], [7, 5]);
  assertEquals(config.allow.map(({ text }) => text), ["10.0.0.0/8", "::1"]);
});

/** A value of each option that is not its default, and what it makes of the configuration. */
const SET: Readonly<Record<string, [text: string, Partial<ServerConfig>]>> = {
  "key": ["/srv/key", { key: "/srv/key" }],
  "users": ["/srv/users", { users: "/srv/users" }],
  "ssh-port": ["2222", { sshPort: 2222 }],
  "traps": ["7", { traps: 7 }],
  "ports": ["20000-29999", { ports: { low: 20_000, high: 29_999 } }],
  "door": ["2001:DB8:0:aa::/64", { door: "2001:db8:0:aa::/64" }],
  "ban-time": ["20m", { banTime: 1200 }],
  "ban-max": ["2h", { banMax: 7200 }],
  "network-bans": ["off", { networkBans: "off" }],
  "trigger": ["handshake", { trigger: "handshake" }],
  "scope": ["all", { scope: "all" }],
  "allow": ["10.0.0.0/8", { allow: [{ family: 4, text: "10.0.0.0/8" }] }],
  "exclude": ["443,8000-8001", { exclude: [443, 8000, 8001] }],
  "tripwire": ["23", { tripwire: [23] }],
  "grace": ["5s", { grace: 5 }],
  "claim": ["true", { claim: true }],
  "fail": ["closed", { fail: "closed" }],
  "friends": ["1d", { friends: 86_400 }],
  "login-log": ["/var/log/sshd", { loginLog: "/var/log/sshd" }],
  "try": ["10m", { try: 600 }],
  "probe": ["true", { probe: true }],
  "open-firewall": ["true", { openFirewall: true }],
  "firewall": ["nftables", { firewall: "nftables" }],
  "ahead": ["5m", { ahead: 300 }],
  "metrics": ["9101", { metrics: { hostname: "127.0.0.1", port: 9101 } }],
  "metrics-users": ["true", { metricsUsers: true }],
  "log-format": ["json", { logFormat: "json" }],
};

/** The sources of a server that nobody has set up, but for some arguments and variables. */
async function sourcesWith(
  { argv = [], env = {} }: { argv?: string[]; env?: Record<string, string> },
): Promise<Source[]> {
  const host = { ...systemHost, env: (name: string) => env[name] };
  const [flags, environment] = await configSources(parseArguments(serve, argv), host);
  return [flags!, environment!];
}

Deno.test("every option is set here, and every part of the configuration by one", () => {
  assertEquals(Object.keys(SET), SERVER_OPTIONS.map(({ name }) => name));
  const fields = Object.values(SET).flatMap(([, part]) => Object.keys(part));
  // Services and what is shared are tables of the configuration file, and no option.
  assertEquals([...fields, "services", "share"].sort(), Object.keys(readServerConfig([])).sort());
});

for (const [name, [text, part]] of Object.entries(SET)) {
  Deno.test(`--${name} arrives by flag, environment and file, and changes nothing else`, async () => {
    const key = name.replaceAll("-", "_");
    const isSwitch = SERVER_OPTIONS.find((option) => option.name === name)?.value === undefined;
    const usual = readServerConfig([]);
    const wanted = { ...usual, ...part };
    assertNotEquals(wanted, usual);
    const ways: Record<string, Source[]> = {
      flag: await sourcesWith({ argv: isSwitch ? [`--${name}`] : [`--${name}`, text] }),
      environment: await sourcesWith({ env: { [`C3PO_${key.toUpperCase()}`]: text } }),
      file: [fileSource(parseToml(`${key} = "${text}"`), "server.toml")],
    };
    for (const [way, sources] of Object.entries(ways)) {
      assertEquals(readServerConfig(sources), wanted, way);
    }
    if (!/^(\d+|true)$/.test(text)) return;
    const file = fileSource(parseToml(`${key} = ${text}`), "server.toml");
    assertEquals(readServerConfig([file]), wanted, "unquoted in the file");
  });
}

Deno.test("repeatable options add up", () => {
  const config = readServerConfig([flags({ exclude: ["443,8000-8002", "80"], tripwire: ["23"] })]);
  assertEquals([config.exclude, config.tripwire], [[443, 8000, 8001, 8002, 80], [23]]);
});

const WRONG: [string, string][] = [
  ["ssh-port", "70000"],
  ["traps", "-1"],
  ["ports", "1-500"],
  ["ban-time", "0"],
  ["ban-time", "30d"],
  ["trigger", "ack"],
  ["scope", "none"],
  ["allow", "0.0.0.0/0"],
  ["exclude", "x"],
  ["tripwire", "0"],
  ["grace", "2m"],
  ["fail", "ajar"],
  ["log-format", "xml"],
];
for (const [option, value] of WRONG) {
  Deno.test(`--${option} ${value} is refused, wherever it stands`, () => {
    const fromFlag = assertThrows(() => readServerConfig([flags({ [option]: [value] })]), Misuse);
    const key = option.replaceAll("-", "_");
    const file = fileSource({ [key]: value }, "server.toml");
    const fromFile = assertThrows(() => readServerConfig([file]), Failure);
    const said = fromFlag.message.replace(`--${option}: `, "");
    assertEquals(fromFile.message, `${key} in server.toml: ${said}`);
    assertEquals(said.includes(`"${value}"`), true, said);
  });
}

const SERVICES = `
traps = 7
[service.postgres]
to = 5432
[service.admin]
to = "8443"
hide = false
fail = "closed"
proto = "tcp"
`;

Deno.test("services are tables of the file, hidden unless it says otherwise, in its order", () => {
  const config = readServerConfig([flags({}), fileSource(parseToml(SERVICES), "server.toml")]);
  assertEquals(config.traps, 7);
  assertEquals(config.services, [
    { name: "postgres", port: 5432, hidden: true },
    { name: "admin", port: 8443, hidden: false },
  ]);
});

Deno.test("a service over UDP may have the port of one over TCP, and that of sshd", () => {
  const text = '[service.web]\nto = 443\n[service.quic]\nto = 443\nproto = "udp"\n' +
    '[service.odd]\nto = 22\nproto = "udp"\n';
  const { services } = readServerConfig([fileSource(parseToml(text), "server.toml")]);
  assertEquals(services, [
    { name: "web", port: 443, hidden: true },
    { name: "quic", port: 443, hidden: true, proto: "udp" },
    { name: "odd", port: 22, hidden: true, proto: "udp" },
  ]);
});

const WRONG_SERVICES: [string, string, string | null][] = [
  ["[service.ssh]\nto = 22", 'service "ssh" in server.toml: "ssh" is not a valid service', null],
  ["[service.Web]\nto = 80", 'service "Web" in server.toml: "Web" is not a valid service', null],
  ["[service.web]", 'service "web" in server.toml: "to" is missing', "the port it listens on"],
  ["[service.web]\nto = 70000", 'service "web" in server.toml: "70000" is not a port', null],
  ["[service.web]\nto = 80\nhid = true", 'unknown setting "hid"', "did you mean hide?"],
  ["[service.web]\nto = 80\nhide = 1", '"hide" must be true or false', null],
  ['[service.web]\nto = 80\nfail = "open"', '"fail" must be "closed"', null],
  ['[service.web]\nto = 80\nproto = "sctp"', '"proto" must be "tcp" or "udp"', null],
  ['[service.a]\nto = 80\nproto = "udp"\n[service.b]\nto = 80\nproto = "udp"', '"a" and "b"', null],
  ["[service.web]\nto = 80\n[service.db]\nto = 80", '"web" and "db" in server.toml', null],
  ["service = 7", "service in server.toml must be tables", "write [service.NAME]"],
  ["[service]\nweb = 80", 'service "web" in server.toml: it must be a table', null],
];
for (const [text, message, hint] of WRONG_SERVICES) {
  Deno.test(`${JSON.stringify(text)} is refused as a service`, () => {
    const error = assertThrows(() => fileSource(parseToml(text), "server.toml"), Failure, message);
    if (hint !== null) assertEquals(error.hint, hint);
  });
}

Deno.test("more services than one rule can name, and one with the port of sshd, are refused", () => {
  const table = (count: number) =>
    Array.from({ length: count }, (_, i) => `[service.s${i}]\nto = ${1000 + i}\n`).join("");
  const read = (text: string) => readServerConfig([fileSource(parseToml(text), "server.toml")]);
  assertEquals(read(table(12)).services.length, 12);
  assertThrows(() => read(table(13)), Failure, "13 services in server.toml are too many");
  const clash = "ssh_port = 2222\n[service.web]\nto = 2222\n";
  assertThrows(() => read(clash), Failure, 'service "web" has the port of sshd, 2222');
});

Deno.test("unknown settings, wrong types and lists where one value belongs are refused", () => {
  const refused: [Record<string, unknown>, string][] = [
    [{ trap: 3 }, 'unknown setting "trap" in server.toml'],
    [{ traps: {} }, "traps in server.toml must be a string, a number, true or false"],
    [{ traps: true }, 'traps in server.toml: "true" is not a whole number'],
    [{ traps: [1, 2] }, "traps in server.toml must be one value"],
    [{ allow: [{}] }, "allow in server.toml must be a string, a number, true or false"],
  ];
  for (const [document, message] of refused) {
    const error = assertThrows(
      () => readServerConfig([fileSource(document, "server.toml")]),
      C3poError,
    );
    assertEquals(error.message, message);
  }
});
