import { assertEquals, assertThrows } from "@std/assert";
import { fileSource, readServerConfig, type Source } from "../../src/core/config.ts";
import { SERVER_OPTIONS } from "../../src/core/server_options.ts";
import { C3poError, Failure, Misuse } from "../../src/core/errors.ts";

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

Deno.test("every option is a key of the file", () => {
  for (const { name } of SERVER_OPTIONS) {
    fileSource({ [name.replaceAll("-", "_")]: "x" }, "server.toml");
  }
});

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

Deno.test("unknown settings, wrong types and lists where one value belongs are refused", () => {
  const refused: [Record<string, unknown>, string][] = [
    [{ trap: 3 }, 'unknown setting "trap" in server.toml'],
    [{ traps: true }, "traps in server.toml must be a text or a number"],
    [{ traps: [1, 2] }, "traps in server.toml must be one value"],
    [{ allow: [{}] }, "allow in server.toml must be a text or a number"],
  ];
  for (const [document, message] of refused) {
    const error = assertThrows(() => fileSource(document, "server.toml"), C3poError);
    assertEquals(error.message, message);
  }
});
