import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseAddress, parseBanned, parseCidr } from "../../src/os/address.ts";
import { formatDuration, parseDuration } from "../../src/os/duration.ts";
import { asArgument, Malformed, Misuse } from "../../src/os/errors.ts";
import {
  formatPortList,
  parsePort,
  parsePortList,
  parsePortRange,
  widestGap,
} from "../../src/schedule/ports.ts";

const refuses = (read: (text: string) => unknown, texts: string[]): void => {
  for (const text of texts) {
    const error = assertThrows(() => read(text), Malformed, undefined, `accepted "${text}"`);
    assertEquals(error.message.includes(`"${text}"`), true, `${error.message} does not quote`);
  }
};

Deno.test("durations are read in any mix of falling units", () => {
  const read = ["0", "90s", "15m", "1h30m", "7d", "2w", "1d12h", "0s"].map(parseDuration);
  assertEquals(read, [0, 90, 900, 5400, 604800, 1209600, 129600, 0]);
});

Deno.test("durations of any other form are refused and quoted", () => {
  refuses(parseDuration, ["", "5", "5x", "-5m", "1.5h", "30m1h", "5m ", "m", "4000d", "1h1h"]);
});

Deno.test("a duration is read as it was written", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 315_360_000 }), (seconds) => {
    assertEquals(parseDuration(formatDuration(seconds)), seconds);
  }));
  assertEquals([formatDuration(0), formatDuration(59.9), formatDuration(90061)], [
    "0s",
    "59s",
    "1d1h1m1s",
  ]);
});

Deno.test("ports are 1 to 65535 in plain digits", () => {
  assertEquals([parsePort("1"), parsePort("65535")], [1, 65535]);
  refuses(parsePort, ["0", "65536", "99999", "22 ", "+22", "022", "0x16", "", "2e3"]);
});

Deno.test("a port range holds at least 1024 ports", () => {
  assertEquals(parsePortRange("64512-65535"), { low: 64512, high: 65535 });
  refuses(parsePortRange, [
    "64513-65535",
    "9-1",
    "1-65536",
    "0-5000",
    "5",
    "-",
    "1-2-3",
    "a-b",
    "",
  ]);
});

Deno.test("port lists are sorted, without repeats, and read as they were written", () => {
  assertEquals(parsePortList("8001, 443,8000-8002"), [443, 8000, 8001, 8002]);
  assertEquals(formatPortList([8002, 443, 8000, 8001, 9]), "9,443,8000-8002");
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (ports) => {
      assertEquals(parsePortList(formatPortList(ports)), [...ports].sort((a, b) => a - b));
    }),
  );
  refuses(parsePortList, ["", "x", "70000"]);
});

Deno.test("widestGap() finds the largest part of a range without the taken ports", () => {
  const range = { low: 1024, high: 65535 };
  assertEquals(widestGap(range, []), range);
  assertEquals(widestGap(range, [22, 8080, 3000]), { low: 8081, high: 65535 });
  assertEquals(widestGap(range, [65535, 1024]), { low: 1025, high: 65534 });
  assertEquals(widestGap({ low: 1, high: 1500 }, [700]), null);
});

Deno.test("addresses come out in one spelling, IPv4 in IPv6 clothing as IPv4", () => {
  assertEquals(parseAddress("192.0.2.1"), { family: 4, text: "192.0.2.1" });
  assertEquals(parseAddress("2001:DB8:0::1"), { family: 6, text: "2001:db8::1" });
  assertEquals(parseAddress("::ffff:192.0.2.1"), { family: 4, text: "192.0.2.1" });
  refuses(parseAddress, [
    "192.0.2",
    "192.0.2.256",
    "0300.0.2.1",
    "1",
    "fe80::1%eth0",
    "192.0.2.0/24",
    "example.org",
    "",
    "-j",
    "::1 -j",
  ]);
});

Deno.test("networks lose the bits behind their prefix", () => {
  assertEquals(parseCidr("192.0.2.77/24"), { family: 4, text: "192.0.2.0/24" });
  assertEquals(parseCidr("2001:db8:1:2:3::/40"), { family: 6, text: "2001:db8::/40" });
  assertEquals(parseCidr("192.0.2.1/32"), { family: 4, text: "192.0.2.1" });
  refuses(parseCidr, ["0.0.0.0/0", "::/0", "192.0.2.0/33", "::/129", "1.2.3.4/", "1.2.3.4/08x"]);
});

Deno.test("a ban covers an IPv4 address or an IPv6 /64", () => {
  assertEquals(parseBanned("192.0.2.1"), { family: 4, text: "192.0.2.1" });
  assertEquals(parseBanned("2001:db8::5:6:7:8"), { family: 6, text: "2001:db8::/64" });
  assertEquals(parseBanned("2001:db8:1:2::/64"), { family: 6, text: "2001:db8:1:2::/64" });
  refuses(parseBanned, ["192.0.2.0/24", "2001:db8::/48", "nobody"]);
});

Deno.test("what is malformed on the command line is misuse", () => {
  const error = assertThrows(() => asArgument(() => parseDuration("5x")), Misuse);
  assertEquals([error.exitCode, error.hint], [2, "write it as in 90s, 15m, 1h30m or 7d"]);
});
