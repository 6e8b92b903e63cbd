// What happens when a minute ends, and when nobody is there to see it: the kernel's clock opens and closes ports.
// All scenarios of an engine share the minutes they wait for.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { minuteAt, minuteStart } from "../../src/schedule/minute.ts";
import {
  type Attempt,
  ENGINES,
  type Filter,
  isTestable,
  kernelTest,
  Knocker,
  Lab,
  login,
  loginNow,
  type Namespace,
  nmapScan,
  pastGrace,
  probe,
  roomInMinute,
  Session,
  snapshot,
  startServe,
  startSshd,
  syn,
  together,
  until,
} from "./lab.ts";
import { onePlaceAMinute } from "./door.ts";
import { bansOn } from "./bans/tripwire.ts";

const GREETER = fromFileUrl(new URL("./lab/greeter.ts", import.meta.url));
const GRACE_MS = 15_000;
/** How far the kernel's coarse clock may be behind, and so may open a port later than a client's names it. */
const TICK_MS = 20;

type Scenario = (engine: Filter) => Promise<void>;

/** Starts something that greets whoever connects. */
async function greet(machine: Namespace, port: number, greeting: string): Promise<void> {
  const args = ["run", "--no-prompt", "-A", GREETER, String(port), greeting];
  await machine.spawn(Deno.execPath(), args).waitForLine(/^listening$/);
}

async function greeting(from: Namespace, address: string, port: number): Promise<string> {
  const read = ["-c", 'exec 3<>"/dev/tcp/$0/$1"; timeout 20 head -n 1 <&3', address, String(port)];
  return (await from.must("bash", read)).trim();
}

/** Each attempt that could succeed did; there were some on either side of a moment. */
function assertNoHole(attempts: readonly Attempt[], moment: number): void {
  assertEquals(attempts.filter(({ answer }) => answer !== "SSH-2.0-"), []);
  for (const isBefore of [true, false]) {
    assert(attempts.some(({ began }) => began < moment === isBefore), "knocks on either side");
  }
}

const change: Scenario = async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine });
  const { address4, address6 } = lab.server;
  const session = await Session.open(lab.user, sshd, address4, (await serve.ports()).ssh);
  const knocker = await Knocker.start(lab.user, serve, [address4, address6]);
  const boundary = minuteStart(minuteAt(Date.now() + 4000) + 1);
  const knocks = { from: boundary - 3000, until: boundary + 3000, every: 250 };
  assertNoHole(await knocker.knock(knocks), boundary);
  await session.answers();
  const now = await serve.ports();
  assertEquals(await syn(lab.attacker, address4, now.traps[0]!), "open");
  assertEquals(await syn(lab.attacker, address4, (await serve.ports()).ssh), "closed");
};

const grace: Scenario = async (engine) => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine, args: ["--allow", lab.user.address4] });
  const minute = minuteAt(Date.now() + 20_000) + 1;
  const before = await serve.schedule.ports(minute - 1, 15);
  const after = await serve.schedule.ports(minute, 15);
  const own = [
    before.ssh,
    ...before.traps.filter((port) => ![after.ssh, ...after.traps].includes(port)),
  ];
  const others = [after.ssh, ...after.traps].filter((port) =>
    ![before.ssh, ...before.traps].includes(port)
  );
  const open = async (): Promise<number[]> => {
    const ports = [...own, ...others];
    const states = await nmapScan(lab.user, lab.server.address4, { ports: ports.join(",") });
    return ports.filter((port) => states.get(port) === "open");
  };
  const within = async (from: number, to: number, expected: readonly number[]): Promise<void> => {
    await until(from);
    const seen = await open();
    if (Date.now() < to) assertEquals(seen, expected); // else this machine was too slow to see it
  };
  const start = minuteStart(minute);
  await within(start - 19_000, start - GRACE_MS, own);
  await within(start - GRACE_MS + TICK_MS, start + GRACE_MS, [...own, ...others]);
  await within(start, start + GRACE_MS, [...own, ...others]);
  await until(start + GRACE_MS + TICK_MS);
  assertEquals(await open(), others);
};

/** Clients that are as far off as they may be knock every few milliseconds at the edges of windows. */
function edges(graceMs: number, clocks: readonly number[]): Scenario {
  return async (engine) => {
    await using lab = await Lab.create({ peers: ["user"] });
    await greet(lab.server, 22, "SSH-2.0-greeter\r\n");
    const { address4, address6 } = lab.user;
    const serve = await startServe(lab.server, {
      engine,
      args: ["--grace", `${graceMs / 1000}s`, "--allow", address4, "--allow", address6],
    });
    const addresses = [lab.server.address4, lab.server.address6];
    const knockers = await Promise.all(
      clocks.map(async (ahead) => ({
        ahead,
        knocker: await Knocker.start(lab.user, serve, addresses),
      })),
    );
    const boundary = minuteStart(minuteAt(Date.now() + 8000) + 1);
    await Promise.all(knockers.map(async ({ ahead, knocker }) => {
      // When that client's clock goes from one minute to the next.
      const moment = boundary - ahead;
      const knocks = {
        from: moment - 1500,
        until: moment + 1500,
        every: 50,
        around: moment,
        ahead,
      };
      const attempts = await knocker.knock(knocks);
      // Who has been on the way when a window opened or closed proves nothing.
      const fair = attempts.filter(({ minute, began, ended }) =>
        began >= minuteStart(minute) - graceMs + TICK_MS &&
        ended < minuteStart(minute + 1) + graceMs
      );
      assertNoHole(fair, moment);
    }));
  };
}

const stopped: Scenario = async (engine) => {
  const attackers = ["first", "second", "third", "fourth"];
  await using lab = await Lab.create({ peers: ["user", ...attackers] });
  const sshd = await startSshd(lab.server);
  const before = await snapshot(lab.server);
  await roomInMinute(15_000);
  const serve = await startServe(lab.server, { engine });
  const { address4, address6 } = lab.server;
  const session = await Session.open(lab.user, sshd, address4, (await serve.ports()).ssh);
  serve.child.kill("SIGSTOP");
  const first = minuteAt(Date.now());
  for (const [i, name] of attackers.entries()) {
    await until(minuteStart(first + i) + (i === 0 ? 0 : TICK_MS));
    for (const address of [address4, address6]) {
      assert(await loginNow(lab.user, sshd, address, serve), `minute ${i}, ${address}`);
    }
    const { traps } = await serve.ports();
    const attacker = lab.peer(name);
    assertEquals(await syn(attacker, address4, traps[0]!), "open");
    assertEquals(await syn(attacker, address4, (await serve.ports()).ssh), "closed");
    await session.answers();
    if (i === 0) continue;
    const old = await serve.schedule.ports(first + i - 1, 15);
    await until(minuteStart(first + i) + GRACE_MS + TICK_MS);
    for (const port of [old.ssh, ...old.traps]) {
      const now = await serve.ports();
      if ([now.ssh, ...now.traps].includes(port)) continue;
      assertEquals(await probe(lab.user, address4, port), "refused", "an old port");
    }
  }
  serve.child.kill("SIGCONT");
  for (const name of attackers) {
    await serve.event("ban", `address=${lab.peer(name).address4} `);
  }
  await session.answers();
  await session.close();
  assertEquals((await serve.stop()).code, 0);
  assertEquals(await snapshot(lab.server), before);
};

function killed(fail: "open" | "closed"): Scenario {
  return async (engine) => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine, args: ["--ahead", "2m", "--fail", fail] });
    await serve.kill();
    const last = minuteAt(Date.now()) + 3;
    const { address4, address6 } = lab.server;
    await until(minuteStart(minuteAt(Date.now()) + 1) + TICK_MS);
    for (const address of [address4, address6]) {
      assert(await loginNow(lab.user, sshd, address, serve), "service goes on");
      assertEquals(await login(lab.user, sshd, address, sshd.port, 1), false);
    }
    await until(minuteStart(last + 1) + GRACE_MS + 1000);
    for (const address of [address4, address6]) {
      assertEquals(await login(lab.user, sshd, address, sshd.port, 2), fail === "open");
    }
    const now = minuteAt(Date.now());
    const ports = new Set<number>();
    for (let minute = now - 5; minute <= now + 1; minute++) {
      const { ssh, traps } = await serve.schedule.ports(minute, 15);
      for (const port of [ssh, ...traps]) ports.add(port);
    }
    const states = await nmapScan(lab.user, address4, { ports: [...ports].join(",") });
    assertEquals([...states].filter(([, state]) => state !== "closed"), []);
    assertEquals(await bansOn(lab.server), []);
  };
}

const service: Scenario = async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine });
  const { address4 } = lab.server;
  // On a trap of this very minute, while nobody looks: its first client is served.
  await pastGrace(20_000);
  serve.child.kill("SIGSTOP");
  const [trap, other] = (await serve.ports()).traps;
  await greet(lab.server, trap!, "a service");
  assertEquals(await greeting(lab.user, address4, trap!), "a service");
  assertEquals(await syn(lab.attacker, address4, other!), "open");
  serve.child.kill("SIGCONT");
  // On a door of a minute to come: SSH stays shut in that minute, and the service is left alone.
  const minute = minuteAt(Date.now()) + 2;
  const door = (await serve.schedule.ports(minute, 0)).ssh;
  await greet(lab.server, door, "another service");
  assertMatch(await serve.event("port_taken", `port=${door} `), / minute=/);
  await until(minuteStart(minute) + GRACE_MS + TICK_MS);
  assertEquals(await greeting(lab.user, address4, door), "another service");
  assertEquals(await login(lab.user, sshd, address4, sshd.port, 1), false);
  await until(minuteStart(minute + 1) - GRACE_MS + TICK_MS);
  const next = await serve.schedule.ports(minute + 1, 0);
  assert(await login(lab.user, sshd, address4, next.ssh));
  await serve.event("ban", `address=${lab.attacker.address4} `);
  assertEquals((await bansOn(lab.server)).map(({ address }) => address), [lab.attacker.address4]);
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "a change of minute interrupts nobody, and the traps are those of the new minute": change,
  "the grace opens the ports of the minute beside, and closes all of them again": grace,
  "without a grace there is no moment without a way in": edges(0, [0]),
  "with a grace there is none for clocks that are off by it": edges(2000, [1950, 0, -1950]),
  "a serve that is stopped is not missed for three changes of minute": stopped,
  "with --fail open plain SSH answers when the ports of a dead serve have run out": killed("open"),
  "with --fail closed it does not": killed("closed"),
  "a service that begins to listen is left alone, and its clients": service,
  "a door lets in at the address and port of its minute, and nothing beside them answers":
    onePlaceAMinute,
};

kernelTest("the kernel keeps the clock", async (t) => {
  const scenarios = ENGINES.filter(isTestable).flatMap((engine) =>
    Object.entries(SCENARIOS).map(([name, run]) => [`${engine}: ${name}`, () => run(engine)])
  );
  await together(t, Object.fromEntries(scenarios));
});
