import { assert, assertEquals } from "@std/assert";
import dashboard from "../../docs/monitoring/dashboard.json" with { type: "json" };
import { metricsText } from "../../src/server/metrics.ts";
import { Counters } from "../../src/server/counters.ts";
import { readExposition } from "../server/exposition.ts";
import { CHECKOUT } from "../kernel/lab.ts";

const alerts = await Deno.readTextFile(`${CHECKOUT}docs/monitoring/alerts.yml`);
const page = await Deno.readTextFile(`${CHECKOUT}docs/MONITORING.md`);

const figures = readExposition(metricsText(new Counters(0), {
  held: 0,
  isOpen: true,
  banned: { 4: 0, 6: 0 },
  toolErrors: new Map(),
  showsUsers: false,
  clockOffset: 0,
  share: { store: "up", since: 0, current: 0, members: 2, running: 0 },
  now: 0,
}));
const FAMILIES = [...figures.types.keys()].sort();
const SERIES = new Set([...figures.samples.keys()].map((series) => series.replace(/\{.*/s, "")));

/** Names of figures in an expression or a text. */
function namesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\bc3po_[a-z_]+/g)].map(([name]) => name))];
}

Deno.test("the dashboard asks for figures that there are, and each panel for some", () => {
  for (const { title, targets } of dashboard.panels) {
    const names = targets.flatMap(({ expr }) => namesIn(expr));
    assert(names.length > 0, title);
    assertEquals(names.filter((name) => !SERIES.has(name)), [], title);
  }
});

Deno.test("the dashboard shows all that is known of the fleet, and who comes", () => {
  const shown = new Set(
    dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr))),
  );
  const wanted = FAMILIES.filter((name) => /^c3po_(?:share|arrivals)_/.test(name));
  assert(wanted.length > 7, wanted.join(" "));
  assertEquals(wanted.filter((name) => !shown.has(name)), []);
});

Deno.test("the panels of the dashboard do not cover each other", () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + i % w},${y + Math.floor(i / w)}`)
  );
  assertEquals(new Set(cells).size, cells.length);
  assertEquals(cells.filter((cell) => Number(cell.split(",")[0]) > 23), []);
});

Deno.test("the alerts ask for figures that there are, and say what is wrong", () => {
  const rules = alerts.split(/^ {6}- alert: /m).slice(1);
  assert(rules.length > 5);
  for (const rule of rules) {
    const [, expr] = /^ {8}expr: (.+)$/m.exec(rule) ?? [];
    assertEquals(namesIn(expr!).filter((name) => !SERIES.has(name)), [], rule);
    assert(/^ {10}severity: (critical|warning|info)$/m.test(rule), rule);
    assert(/^ {10}summary: ".+"$/m.test(rule), rule);
  }
});

Deno.test("the page about monitoring lists exactly the figures that there are", () => {
  const listed = [...page.matchAll(/^\| `(c3po_\w+)`/gm)].map(([, name]) => name!);
  assertEquals(listed.toSorted(), FAMILIES);
});
