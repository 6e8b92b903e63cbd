import { assertEquals } from "@std/assert";
import { run } from "../../src/commands/table.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteStart } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { Failure } from "../../src/os/errors.ts";
import { type Host, systemHost } from "../../src/os/host.ts";

/** What `c3po port --watch` prints until it has printed so often, with a clock that obeys. */
async function watched(
  times: number,
  start: number,
  jump = 0,
  ...options: string[]
): Promise<string[]> {
  const printed: string[] = [];
  let now = start;
  const host: Host = {
    env: (name) => name === "C3PO_SECRET" ? "classic:watched" : undefined,
    clock: {
      now: () => now,
      sleep: (ms) => {
        if (ms <= 0) throw new Error(`a sleep of ${ms} ms`);
        // Somebody sets the clock once while we sleep.
        now += printed.length === 1 && jump !== 0 ? jump : ms;
        return Promise.resolve();
      },
    },
    terminal: {
      ...systemHost.terminal,
      note: () => {},
      out: (text) => {
        if (printed.push(text) === times) throw new Failure("that is enough");
      },
    },
  };
  assertEquals(await run(["port", "--watch", ...options], host), 1);
  return printed;
}

async function portsOf(minutes: number[]): Promise<string[]> {
  const schedule = await Schedule.of(parseKey("classic:watched"));
  return await Promise.all(minutes.map(async (m) => `${(await schedule.ports(m, 0)).ssh}\n`));
}

Deno.test("port --watch prints each minute's port as the minute begins", async () => {
  const printed = await watched(4, minuteStart(1000) + 59_990);
  assertEquals(printed, await portsOf([1000, 1001, 1002, 1003]));
});

Deno.test("port --watch follows a clock that is set forward or back", async () => {
  assertEquals(await watched(2, minuteStart(1000), 3_600_000), await portsOf([1000, 1060]));
  assertEquals(await watched(2, minuteStart(1000), -3_600_000), await portsOf([1000, 940]));
});

Deno.test("port --watch --json prints one document a line", async () => {
  const printed = await watched(3, minuteStart(1000) + 500, 0, "--json");
  assertEquals(printed.map((line) => JSON.parse(line).minute), [1000, 1001, 1002]);
  assertEquals(
    printed.every((line) => line.endsWith("}\n") && line.split("\n").length === 2),
    true,
  );
});
