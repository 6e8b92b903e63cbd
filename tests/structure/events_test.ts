import { assert, assertEquals } from "@std/assert";
import { CHECKOUT, sources } from "./sources.ts";

const SOURCES = await sources();
const PAGE = await Deno.readTextFile(`${CHECKOUT}docs/LOGGING.md`);

/** A line of the log, as a file writes it. */
interface LogCall {
  readonly path: string;
  readonly level: string;
  /** What stands first in the call. */
  readonly first: string;
}

const CALLS: LogCall[] = SOURCES.filter(({ path }) => path !== "src/os/event_log.ts").flatMap((
  { path, code },
) =>
  [...code.matchAll(/\blog\.(trace|debug|info|warn|error|fatal)\(\s*([^,)]*)/g)].map((
    [, level, first],
  ) => ({ path, level: level!, first: first!.trim() }))
);
const EVENTS = new Set(CALLS.map(({ first }) => first.slice(1, -1)));

Deno.test("every line of the log has the name of an event, written out where it is logged", () => {
  assert(CALLS.length > 40);
  const odd = CALLS.filter(({ first }) => !/^"[a-z]+(_[a-z]+)*"$/.test(first));
  assertEquals(odd, []);
});

Deno.test("there is one way to log, and it is called log", () => {
  const makers = SOURCES.filter(({ code }) => /\bgetLogger\b/.test(code)).map(({ path }) => path);
  assertEquals(makers, ["src/os/event_log.ts"]);
  const names = SOURCES.flatMap(({ path, code }) =>
    [...code.matchAll(/\bconst (\w+)(?:: \w+)? = eventLog\(/g)].map(([, name]) => `${path} ${name}`)
  );
  assertEquals(names.filter((each) => !each.endsWith(" log")), []);
  assertEquals(names.length, new Set(CALLS.map(({ path }) => path)).size);
});

Deno.test("a name means one level: what reads the log may go by either", () => {
  const levels = new Map<string, Set<string>>();
  for (const { first, level } of CALLS) {
    levels.set(first, (levels.get(first) ?? new Set()).add(level));
  }
  const several = [...levels].filter(([, each]) => each.size > 1).map(([name]) => name);
  assertEquals(several, ['"metrics"'], "that of a warning differs by who can reach it");
});

Deno.test("the page about the log lists exactly the events that there are, each with its level", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z_]+)`\s+\| ([a-z, ]+?)\s+\|/gm)];
  const listed = rows.map(([, name]) => name!);
  assertEquals(listed.toSorted(), [...EVENTS].sort());
  const level = { warn: "warning" } as Record<string, string>;
  for (const [, name, told] of rows) {
    const own = CALLS.filter(({ first }) => first === `"${name}"`)
      .map((call) => level[call.level] ?? call.level);
    assertEquals(told!.split(", ").toSorted(), [...new Set(own)].sort(), name);
  }
});

/** The expression of the page, as JavaScript has it. */
function expression(): RegExp {
  const [, text] = /```regex\n(.+)\n```/.exec(PAGE)!;
  return new RegExp(text!);
}

Deno.test("the expression of the page reads the line of a ban, from a file and from the journal", () => {
  const line =
    "2026-11-22T12:00:03.608Z warning banned event=ban address=2001:db8::7 port=4711 trigger=syn offences=1 seconds=900";
  assert(PAGE.includes("event=ban address="));
  for (const each of [line, `<4>${line}`, line.replace("port=4711", "port=unknown")]) {
    const { time, address, trigger, offences, seconds } = expression().exec(each)!.groups!;
    assertEquals([time, address, trigger, offences, seconds], [
      "2026-11-22T12:00:03.608Z",
      "2001:db8::7",
      "syn",
      "1",
      "900",
    ]);
  }
});

Deno.test("the expression of the page reads nothing else as a ban", () => {
  const forged = [
    '2026-11-22T12:00:03.608Z info logged in event=login address=192.0.2.7 account="x banned event=ban address=192.0.2.1 port=1 trigger=syn offences=1 seconds=900"',
    "2026-11-22T12:00:03.608Z info ban removed manually event=unban address=192.0.2.7",
    "2026-11-22T12:00:03.608Z warning the kernel refused a ban event=ban_refused address=192.0.2.7 reason=full",
    '2026-11-22T12:00:03.608Z error cannot x event=task_failed error="y warning banned event=ban address=192.0.2.1 port=1 trigger=syn offences=1 seconds=900"',
  ];
  for (const line of forged) {
    assertEquals(expression().test(line), false, line);
  }
});
