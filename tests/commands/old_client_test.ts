import { assert, assertEquals } from "@std/assert";
import old from "../client-0.1.0.json" with { type: "json" };
import vectors from "../vectors-derived.json" with { type: "json" };
import { parseKey } from "../../src/schedule/key_text.ts";
import { PortPlanner } from "../../src/users/port_planner.ts";
import { registryOf } from "../../src/users/registry.ts";
import { Sandbox } from "./sandbox.ts";

const AT = 1_795_334_400;

Deno.test("a client of version 0.1.0 and this one print the same ports, with plain and with derived keys", async () => {
  await using box = await Sandbox.create();
  const calls = old.calls.filter(({ code }) => code === 0);
  assert(calls.length > 10);
  for (const { key, args, stdout } of calls) {
    await box.c3po(args, { stdout, stderr: /^(c3po: .*\n)?$/ }, { env: { C3PO_SECRET: key } });
  }
});

Deno.test("a server opens the port that a client of version 0.1.0 asks for, with one key and with users", async () => {
  const portOf = (key: string): number => {
    const call = old.calls.find((each) => each.key === key && each.args.includes("--all"))!;
    return Number(call.stdout.split("\n")[0]);
  };
  const [plain] = old.calls;
  const server = { key: parseKey(plain!.key), source: "/etc/c3po/key" };
  const alice = vectors.derive[1]!.key;
  const path = "/etc/c3po/users/alice.toml";
  const files = [{ path, name: "alice", content: `key = "${alice}"\n` }];
  for (const found of [[], files]) {
    const { users, problems } = await registryOf(found, server);
    assertEquals(problems, []);
    const demand = { users, services: [], traps: 15 };
    const planner = await PortPlanner.of(
      demand,
      () => Promise.resolve(parseKey(vectors.derive[4]!.key)),
    );
    const { doors } = await planner.plan(AT / 60);
    const expected = {
      default: portOf(plain!.key),
      ...found.length > 0 ? { alice: portOf(alice) } : {},
    };
    assertEquals(Object.fromEntries(doors.map(({ user, port }) => [user, port])), expected);
  }
  assertEquals(portOf(alice), 49_674);
});

Deno.test("a client of version 0.1.0 takes a master key for a damaged one, and for no passphrase", () => {
  const [call, ...more] = old.calls.filter(({ key }) => key.startsWith("c3po-1-master-"));
  assertEquals(more, []);
  assertEquals([call?.code, call?.stdout, call?.isDamaged], [1, "", true]);
});
