import { assertEquals } from "@std/assert";
import vectors from "../vectors-derived.json" with { type: "json" };
import { deriveKey } from "../../src/schedule/derivation.ts";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import { Sandbox } from "./sandbox.ts";

const KEY = vectors.derive[1]!.key;
const PEER = "Y4vpos0AJIqDRHHfjUMkoeq2NPfKzME7QCQpeiwPmWc=";

/** The ports of a service in this minute and the next. */
async function ports(service: string): Promise<number[]> {
  const schedule = await Schedule.of(await deriveKey(parseKey(KEY), { service }));
  const now = minuteAt(Date.now());
  return await Promise.all([now, now + 1].map(async (each) => (await schedule.ports(each, 0)).ssh));
}

Deno.test("wg --dry-run prints the command that sets the endpoint, for either family", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", KEY);
  for (
    const [host, shown, args] of [
      ["192.0.2.7", "192.0.2.7", []],
      ["2001:db8::7", "[2001:db8::7]", ["--service", "tunnel"]],
    ] as const
  ) {
    const before = await ports(args[1] ?? "wg");
    const printed = await box.c3po(
      ["wg", "wg0", host, "--peer", PEER, "--dry-run", ...args],
      { stdout: /^wg set wg0 / },
    );
    const expected = before.map((port) => `wg set wg0 peer ${PEER} endpoint ${shown}:${port}\n`);
    assertEquals(expected.includes(printed), true, printed);
  }
});

Deno.test("wg refuses what is no interface, no host and no public key, and asks for nothing then", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", KEY);
  const refused = async (args: string[], stderr: RegExp): Promise<void> => {
    await box.c3po(["wg", ...args], { code: 2, stderr });
  };
  await refused([], /error: IFACE/);
  await refused(["wg0/1", "192.0.2.7"], /error: "wg0\/1" is not an interface name/);
  await refused(["a-name-that-is-too-long"], /is not an interface name/);
  await refused(["wg0", "--", "-host"], /error: "-host" is not a host name/);
  await refused(["wg0", "192.0.2.7", "--peer", "abc"], /"abc" is not a public key of WireGuard/);
  await refused(
    ["wg0", "192.0.2.7", "--peer", PEER, "--service", "Wg"],
    /"Wg" is not a valid service/,
  );
});
