import { assert, assertEquals } from "@std/assert";
import { KERNEL_ENGINES } from "../../src/firewall/firewall.ts";
import { type Source, sourceOf, sources } from "./sources.ts";

const SOURCES = await sources();
const BY_PATH = new Map(SOURCES.map((source) => [source.path, source]));

/** The layers, the highest first. What stands in one line stands side by side and knows nothing of each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["main.ts", "login.ts"],
  ["commands"],
  ["cli"],
  ["client", "server", "demo", "page"],
  ["users", "fleet"],
  ["bans"],
  ["firewall"],
  ["schedule"],
  ["os"],
];

/** Files that take all they need as arguments, and whatever they import. */
const PURE: readonly RegExp[] = [
  /^src\/schedule\//,
  /^src\/bans\/(ledger|manual_bans|pending_commands|saved|trusted)\.ts$/,
  /^src\/firewall\/iptables\/(policy_chains|window_chains|window_judges|rules|rule_words|restore_text|saved_rules|drift|ipset_text|references|sets)\.ts$/,
  /^src\/firewall\/nftables\/(chains|elements|sets|window_rules)\.ts$/,
  /^src\/cli\/(arguments|client_options|command|help|manpage)\.ts$/,
  /^src\/cli\/completions\//,
  /^src\/cli\/view\/(port_map|qr|status_frame|status_view|view)\.ts$/,
  /^src\/server\/(config|endpoint|lockout|metrics|policy|report|status|tarpit_policy)\.ts$/,
];

/** What no pure file does: ask for the time, wait, draw lots, or touch the machine. */
const EFFECTS =
  /\bDeno\b|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b|\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b|\bset(Timeout|Interval|Immediate)\b|\bAtomics\b|\bfetch\(|\bAbortSignal\.timeout\b|"node:/;

/** Who may speak to the machine. */
const AT_THE_MACHINE = /^(main|login)\.ts$|^src\/os\/|^src\/firewall\/[a-z_]+\//;

/** Who may call a tool of the packet filter by its name. */
const NAMES_TOOLS = [
  /^src\/firewall\//,
  /^src\/os\/tool_failure\.ts$/, // which package has which tool
  /^src\/server\/check\//,
  /^src\/cli\/manpage\.ts$/,
  /^src\/demo\//,
];

/** The list of engines, and what reads the rules of others, of whichever kind. */
const KNOWS_ENGINES = /^src\/firewall\/(engines\.ts$|other_tools\/)/;

const TOOL = /\b(ip6?tables|ipset|nft|nftables)\b/i;

function layerOf(path: string): number {
  const [first, second] = path.split("/");
  const name = first === "src" ? second! : first!;
  return LAYERS.findIndex((layer) => layer.includes(name));
}

function folderOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

/** Imports that go up, or to the side. */
function wrongArrows({ path, imports }: Source): string[] {
  return imports
    .filter(({ path: to }) => /^src\/.*\.ts$/.test(to) && folderOf(to) !== folderOf(path))
    .filter(({ path: to }) => layerOf(to) <= layerOf(path))
    .map(({ path: to }) => `${path} -> ${to}`);
}

Deno.test("every folder of the program has its layer", () => {
  assertEquals(SOURCES.filter(({ path }) => layerOf(path) < 0).map(({ path }) => path), []);
  assert(SOURCES.length > 150);
});

Deno.test("imports go down from layer to layer, never up and never to the side", () => {
  assertEquals(SOURCES.flatMap(wrongArrows), []);
});

Deno.test("every import of our own leads to a file that is there", () => {
  const lost = SOURCES.flatMap(({ path, imports }) =>
    imports.filter(({ path: to }) =>
      to.endsWith(".ts") && to.startsWith("src/") && !BY_PATH.has(to)
    )
      .map(({ path: to }) => `${path} -> ${to}`)
  );
  assertEquals(lost, []);
});

Deno.test("only what stands at the machine speaks to it", () => {
  const found = SOURCES.filter(({ path, code }) =>
    !AT_THE_MACHINE.test(path) && /\bDeno\./.test(code)
  );
  assertEquals(found.map(({ path }) => path), []);
});

Deno.test("what is pure asks for no time, waits for nothing and draws no lots, nor does what it imports", () => {
  const found: string[] = [];
  const look = (path: string, way: readonly string[], seen: Set<string>): void => {
    const source = BY_PATH.get(path);
    if (source === undefined || seen.has(path)) return;
    seen.add(path);
    const [effect] = EFFECTS.exec(source.code) ?? [];
    if (effect !== undefined) found.push([...way, path].join(" -> ") + `: ${effect}`);
    for (const each of source.imports) {
      if (!each.isType) look(each.path, [...way, path], seen);
    }
  };
  for (const { path } of SOURCES) {
    if (PURE.some((pattern) => pattern.test(path))) look(path, [], new Set());
  }
  assertEquals(found, []);
});

Deno.test("every pattern of a pure file names some", () => {
  const idle = PURE.filter((pattern) => !SOURCES.some(({ path }) => pattern.test(path)));
  assertEquals(idle, []);
});

Deno.test("outside of the packet filters nobody knows by which tools they work", () => {
  const found = SOURCES
    .filter(({ path }) => !NAMES_TOOLS.some((pattern) => pattern.test(path)))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, at) =>
        TOOL.test(line) && !line.includes("src/firewall/")
          ? [`${path}:${at + 1}: ${line.trim()}`]
          : []
      )
    );
  assertEquals(found, []);
});

Deno.test("only the list of engines knows the packet filters, and none of them another", () => {
  const engine = new RegExp(`^src/firewall/(${KERNEL_ENGINES.join("|")})/`);
  const found = SOURCES.flatMap(({ path, imports }) =>
    imports.filter(({ path: to }) =>
      engine.test(to) && !KNOWS_ENGINES.test(path) &&
      engine.exec(to)![0] !== engine.exec(path)?.[0]
    ).map(({ path: to }) => `${path} -> ${to}`)
  );
  assertEquals(found, []);
});

Deno.test("the tests of structure find what they shall find", () => {
  const arrows = (path: string, text: string) => wrongArrows(sourceOf(path, text)).length;
  assertEquals(arrows("src/os/a.ts", 'import { x } from "../bans/ledger.ts";'), 1);
  assertEquals(arrows("src/os/a.ts", 'import type { X } from "../bans/ledger.ts";'), 1);
  assertEquals(arrows("src/os/a.ts", 'export * from "../bans/ledger.ts";'), 1);
  assertEquals(arrows("src/os/a.ts", 'await import("../bans/ledger.ts")'), 1);
  assertEquals(arrows("src/os/a.ts", 'import "../bans/ledger.ts";'), 1);
  assertEquals(arrows("src/os/a.ts", 'import {\n  a,\n  b,\n} from "../bans/ledger.ts";'), 1);
  assertEquals(arrows("src/os/a.ts", '// import { x } from "../bans/ledger.ts";'), 0);
  assertEquals(arrows("src/os/a.ts", '/** import { x } from "../bans/ledger.ts"; */'), 0);
  assertEquals(arrows("src/client/a.ts", 'import { x } from "../server/a.ts";'), 1);
  assertEquals(arrows("src/bans/a.ts", 'import { x } from "../os/a.ts";'), 0);
  for (const text of ["Date.now()", "new Date()", "performance.now()", "Deno.args"]) {
    assert(EFFECTS.test(text), text);
  }
  assert(!EFFECTS.test("new Date(now)"));
});
