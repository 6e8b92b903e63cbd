import { assert, assertEquals, assertRejects } from "@std/assert";
import { type CarrierOptions, carry } from "../../src/fleet/carrier.ts";
import { formatMessage, type FromCarrier, parseFromCarrier } from "../../src/fleet/messages.ts";
import { openStore } from "../../src/fleet/store.ts";
import { systemClock } from "../../src/os/clock.ts";
import { Failure } from "../../src/os/errors.ts";
import type { StoreAccess, ToCarrier } from "../../src/fleet/messages.ts";
import { connectLocally, listenLocally } from "../../src/os/local_socket.ts";
import type { Channel } from "../../src/os/local_socket.ts";
import { passwordOf, Redis } from "./redis.ts";

async function accessTo(redis: Redis, changes: Partial<StoreAccess> = {}): Promise<StoreAccess> {
  return {
    store: redis.url,
    replica: null,
    ca: await redis.ca(),
    username: "web1",
    password: passwordOf("web1"),
    ...changes,
  };
}

const MEMBERS = ["web1", "web2"];

/** `serve`, as a carrier knows it: over a real socket. */
class Serving implements AsyncDisposable {
  readonly heard: FromCarrier[] = [];
  readonly #channel: Channel;
  readonly #end: () => Promise<void>;
  #wake: () => void = () => {};

  private constructor(channel: Channel, end: () => Promise<void>) {
    this.#channel = channel;
    this.#end = end;
    (async () => {
      for await (const lines of channel.lines) {
        this.heard.push(...lines.map(parseFromCarrier));
        this.#wake();
      }
      this.#wake();
    })();
  }

  static async start(
    access: StoreAccess,
    { after = null, ...changes }: { after?: string | null } & Partial<CarrierOptions> = {},
  ): Promise<Serving> {
    const folder = await Deno.makeTempDir({ prefix: "c3po-carrier-" });
    const path = `${folder}/run/share.sock`;
    const listener = listenLocally(path);
    const stop = new AbortController();
    const here = await connectLocally(path);
    const carrying = carry({
      channel: here,
      open: openStore,
      clock: systemClock,
      jitter: () => 0.1,
      onChange: () => {},
      ...changes,
    }, stop.signal);
    for await (const channel of listener.channels) {
      const serving = new Serving(channel, async () => {
        stop.abort();
        listener.close();
        await carrying;
        await Deno.remove(folder, { recursive: true });
      });
      await serving.say({ do: "carry", ...access, after });
      return serving;
    }
    throw new Error("the carrier did not connect");
  }

  async say(message: ToCarrier): Promise<void> {
    await this.#channel.write(formatMessage(message));
  }

  /** The messages so far, once there is one of that kind that fits. */
  async until(fits: (message: FromCarrier) => boolean): Promise<FromCarrier> {
    for (;;) {
      const found = this.heard.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The lines so far. */
  get lines(): string[] {
    return this.heard.flatMap((each) => each.do === "lines" ? each.lines : []).map(([, line]) =>
      line
    );
  }

  async untilLine(line: string): Promise<void> {
    await this.until((each) => each.do === "lines" && each.lines.some(([, said]) => said === line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

function isUp(message: FromCarrier): boolean {
  return message.do === "up";
}

Deno.test("a member writes and reads over TLS with the rights of a member alone", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  const store = await openStore(await accessTo(redis));
  try {
    const { time, last } = await store.look();
    assert(Math.abs(time - Date.now()) < 60_000);
    assertEquals(last, null);
    await store.add("one", time);
    await store.add("two", time);
    const entries = await store.read(`${time - 900_000}-0`);
    assertEquals(entries.map(([, line]) => line), ["one", "two"]);
    assertEquals((await store.look()).last, entries[1]![0]);
    assertEquals((await store.read(entries[0]![0])).map(([, line]) => line), ["two"]);
  } finally {
    store.close();
  }
  const forbidden = [["flushall"], ["del", "c3po:bans"], ["get", "x"], ["config", "get", "*"]];
  for (const words of [...forbidden, ["keys", "*"], ["xadd", "other", "*", "d", "x"]]) {
    assert((await redis.askAs("web2", ...words)).startsWith("NOPERM"), words.join(" "));
  }
});

Deno.test("entries older than 15 minutes go, and what is no line of ours is read as none", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  const now = Date.now();
  const add = "redis.call('XADD', 'c3po:bans', '1000-' .. i, 'd', 'old')";
  await redis.ask("eval", `for i = 1, 300 do ${add} end`, "0");
  const store = await openStore(await accessTo(redis));
  try {
    await store.add("x".repeat(600), now);
    await redis.ask("xadd", "c3po:bans", "*", "other", "field");
    const entries = await store.read("0-0");
    assert(entries.filter(([, line]) => line === "old").length < 100);
    assertEquals(entries.slice(-2).map(([, line]) => line.length), [513, 0]);
  } finally {
    store.close();
  }
});

Deno.test("a store that refuses says why, and never the password", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  const refused: Partial<StoreAccess>[] = [
    { password: "wrong-password" },
    { username: "web7" },
    { ca: null },
    { store: `redis://127.0.0.1:${redis.port}` },
    { store: "rediss://127.0.0.1:1" },
    { store: "rediss://no-such-host.invalid:6380" },
  ];
  for (const changes of refused) {
    const access = await accessTo(redis, changes);
    const error = await assertRejects(() => openStore(access), Failure);
    assert(error.message.startsWith(`${access.store}: `), error.message);
    assert(!error.message.includes(access.password!), error.message);
  }
});

Deno.test("a carrier brings lines from one server to the other", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  const two = { username: "web2", password: passwordOf("web2") };
  await using one = await Serving.start(await accessTo(redis));
  await using other = await Serving.start(await accessTo(redis, two));
  await Promise.all([one.until(isUp), other.until(isUp)]);
  await one.say({ do: "publish", seq: 7, line: "a line" });
  await one.until((each) => each.do === "published" && each.seq === 7);
  await other.untilLine("a line");
  await one.untilLine("a line");
  await other.until((each) => each.do === "current");
});

Deno.test("a carrier reads on behind the last entry, and none that is older than 15 minutes", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  const now = Date.now();
  await redis.ask("xadd", "c3po:bans", `${now - 1_000_000}-1`, "d", "too old");
  await redis.ask("xadd", "c3po:bans", `${now - 800_000}-1`, "d", "first");
  await redis.ask("xadd", "c3po:bans", `${now - 700_000}-1`, "d", "second");
  await using fresh = await Serving.start(await accessTo(redis));
  await fresh.untilLine("second");
  assertEquals(fresh.lines, ["first", "second"]);
  await using later = await Serving.start(await accessTo(redis), { after: `${now - 800_000}-1` });
  await later.untilLine("second");
  assertEquals(later.lines, ["second"]);
});

Deno.test("a store that comes back, emptied, is caught up with, and what waited is written", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  await using serving = await Serving.start(await accessTo(redis));
  await serving.until(isUp);
  await serving.say({ do: "publish", seq: 1, line: "before" });
  await serving.untilLine("before");
  await redis.stop();
  await serving.until((each) => each.do === "down");
  await serving.say({ do: "publish", seq: 2, line: "meanwhile" });
  const before = serving.heard.length;
  await redis.run();
  await redis.ask("xadd", "c3po:bans", "*", "d", "of another");
  await serving.untilLine("of another");
  await serving.untilLine("meanwhile");
  assertEquals(serving.heard.slice(before).some(isUp), true);
});

Deno.test("a store that hangs is noticed, and used again when it goes on", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  await using serving = await Serving.start(await accessTo(redis));
  await serving.until(isUp);
  redis.signal("SIGSTOP");
  await serving.until((each) => each.do === "down");
  redis.signal("SIGCONT");
  await redis.ask("xadd", "c3po:bans", "*", "d", "of another");
  await serving.untilLine("of another");
});

Deno.test("a carrier reads from a replica what it has written to the store, and none of it is lost when the replica goes", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  await using replica = await Redis.start({ members: MEMBERS, primary: redis });
  await using serving = await Serving.start(await accessTo(redis, { replica: replica.url }));
  await serving.until(isUp);
  await serving.say({ do: "publish", seq: 1, line: "one" });
  await serving.untilLine("one");
  await serving.until((each) => each.do === "current");

  await replica.stop();
  const down = await serving.until((each) => each.do === "down");
  assert(down.do === "down" && down.reason.startsWith(`${replica.url}: `), JSON.stringify(down));
  await serving.say({ do: "publish", seq: 2, line: "two" });
  await redis.ask("xadd", "c3po:bans", "*", "d", "three");
  await replica.run();
  await serving.untilLine("three");
  await serving.untilLine("two");
});

Deno.test("who reads from a replica that no longer follows the store is not said to know all", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  await using replica = await Redis.start({ members: MEMBERS, primary: redis });
  await using serving = await Serving.start(await accessTo(redis, { replica: replica.url }));
  await redis.ask("xadd", "c3po:bans", "*", "d", "one");
  await serving.untilLine("one");
  await serving.until((each) => each.do === "current");
  await replica.ask("replicaof", "no", "one");
  await redis.ask("xadd", "c3po:bans", "*", "d", "two");
  const asked = async (store: Redis, command: string): Promise<number> =>
    Number(
      new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await store.ask("info", "commandstats"))
        ?.[1],
    );
  const more = async (store: Redis, command: string, times: number): Promise<void> => {
    const before = await asked(store, command);
    while (await asked(store, command) < before + times) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await more(redis, "xinfo\\|stream", 1);
  await more(replica, "xread", 1); // what ended before that was known is said by now
  const { length } = serving.heard;
  await more(replica, "xread", 1);
  assertEquals(serving.heard.slice(length).map((each) => each.do), []);
  assertEquals(serving.lines, ["one"]);
});

Deno.test("a store whose entries seem to lie in the past is read from 15 minutes ago", async () => {
  await using redis = await Redis.start({ members: MEMBERS });
  await redis.ask("xadd", "c3po:bans", "*", "d", "now");
  const after = `${Date.now() + 3_600_000}-0`;
  await using serving = await Serving.start(await accessTo(redis), { after });
  await serving.untilLine("now");
});
