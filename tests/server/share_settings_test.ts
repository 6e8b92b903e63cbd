import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../src/os/errors.ts";
import { fileSource, readServerConfig } from "../../src/server/config.ts";
import { forgedPackets, readShareSetting, SHARE_OPTIONS } from "../../src/server/share_settings.ts";
import { CHECKOUT } from "../kernel/lab.ts";

const STORE = { store: "rediss://bans.example.org" };

Deno.test("what [share] leaves out has the default that the documents tell", () => {
  assertEquals(readShareSetting(STORE, "f"), {
    store: "rediss://bans.example.org:6380",
    replica: null,
    ca: null,
    credentials: null,
    members: "/etc/c3po/members",
    key: "/etc/c3po/member.key",
    admin: null,
    publish: "confirmed",
    apply: "confirmed",
    private: false,
  });
  assertEquals(readShareSetting(undefined, "f"), null);
  assertEquals(readServerConfig([fileSource({}, "f")]).share, null);
  const config = readServerConfig([fileSource({ share: STORE, traps: 20 }, "f")]);
  assertEquals([config.share?.publish, config.traps], ["confirmed", 20]);
});

Deno.test("the page about fleets has a row for each setting", async () => {
  const page = await Deno.readTextFile(`${CHECKOUT}docs/FLEET.md`);
  const rows = [...page.matchAll(/^\| `([a-z]+)` +\|/gm)].map(([, name]) => name!);
  for (const name of Object.keys(SHARE_OPTIONS)) assertEquals(rows.includes(name), true, name);
});

Deno.test("every kind of a store and of a quorum is read", () => {
  const stores = {
    "redis://10.0.0.1": "redis://10.0.0.1:6379",
    "rediss://[2001:db8::1]:7000/": "rediss://[2001:db8::1]:7000",
  };
  for (const [given, read] of Object.entries(stores)) {
    assertEquals(readShareSetting({ store: given }, "f")?.store, read);
  }
  assertEquals(readShareSetting({ ...STORE, apply: "quorum:3" }, "f")?.apply, { quorum: 3 });
});

Deno.test("a setting that cannot be used is refused by its name, and a password is never quoted", () => {
  const refused: [Record<string, unknown>, string][] = [
    [{}, '"store" of share in f is missing'],
    [{ ...STORE, stor: "x" }, 'unknown setting "stor" of share in f'],
    [{ store: "http://bans.example.org" }, "store of share in f: it is not the address of a store"],
    [{ store: "rediss://web1:hunter2@bans" }, "a user name or password has no place in it"],
    [{ ...STORE, replica: "rediss://web1:hunter2@near" }, "replica of share in f: a user name or"],
    [{ store: "rediss://bans/7" }, 'store of share in f: "rediss://bans/7" has more than'],
    [
      { ...STORE, publish: "some" },
      'publish of share in f: "some" is not one of off, confirmed, all',
    ],
    [{ ...STORE, apply: "quorum:1" }, 'apply of share in f: "quorum:1" is not one of'],
    [{ ...STORE, private: "yes" }, "private of share in f: it must be true or false"],
    [{ ...STORE, ca: 7 }, "ca of share in f: it must be a string"],
  ];
  for (const [table, message] of refused) {
    const error = assertThrows(() => readShareSetting(table, "f"), Failure, message);
    assertEquals(error.message.includes("hunter2"), false);
  }
  assertThrows(() => readShareSetting([STORE], "f"), Failure, "share in f must be a table");
});

Deno.test("a quorum costs a forger the packets that the documents tell", () => {
  assertEquals([15, 255, 4095].map((traps) => forgedPackets(3, 64_512, traps)), [12096, 756, 47]);
  assertEquals([15, 255, 4095].map((traps) => forgedPackets(1, 64_512, traps)), [4032, 252, 15]);
});
