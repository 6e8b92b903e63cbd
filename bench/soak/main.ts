// deno-lint-ignore-file no-console -- a program of its own: this is its output
/**
 * `c3po serve` for hours of real minutes under a trickle of everything (as root):
 *
 *     sudo deno task soak [--minutes N] [--engine iptables|nftables|both] [--json]
 *
 * Writes a line a minute on stderr, and at the end a table, or with `--json` one document, on stdout.
 * Ctrl-C ends it early, with what was seen so far. Exits 1 if something grew, if a change of minute had
 * a gap or was not seen, or if `serve` ended; 2 for wrong options.
 */
import { parseArgs } from "@std/cli/parse-args";
import { CHECKOUT, ENGINES, must, run } from "../../tests/kernel/lab.ts";
import { machine } from "../side/harness/machine.ts";
import { progress } from "../side/harness/progress.ts";
import { report } from "./report.ts";
import { soak } from "./soak.ts";

const given = parseArgs(Deno.args, {
  string: ["minutes", "engine"],
  boolean: ["json"],
  default: { minutes: "120", engine: "both" },
  unknown: (option) => misuse(`unknown argument "${option}"`),
});
const minutes = Number(given.minutes);
if (!Number.isInteger(minutes) || minutes < 1) misuse(`"${given.minutes}" is no number of minutes`);
const engines = ENGINES.filter((each) => given.engine === "both" || each === given.engine);
if (engines.length === 0) misuse(`"${given.engine}" is neither iptables nor nftables nor both`);

const end = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    progress(`${signal}: ends with what was seen so far`);
    end.abort();
  });
}
const on = await machine();
const folder = await Deno.makeTempDir({ prefix: "c3po-soak-" });
try {
  const program = Deno.env.get("C3PO_BIN") ?? await installed(folder);
  const ends = await Promise.allSettled(
    engines.map((engine) =>
      soak({ engine, minutes, program, signal: end.signal }).catch((error) => {
        end.abort(); // the other one is not waited for in vain
        throw error;
      })
    ),
  );
  const runs = ends.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
  const { text, document, isFine } = report(runs);
  const loadAtEnd = Deno.loadavg()[0]!;
  const load = `load ${on.load.toFixed(2)} at the start, ${loadAtEnd.toFixed(2)} at the end`;
  console.log(given.json ? JSON.stringify({ machine: on, loadAtEnd, ...document }) : text + load);
  Deno.exitCode = isFine ? 0 : 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** This checkout as `install.sh` would put it in place. */
async function installed(folder: string): Promise<string> {
  progress("makes the program, as install.sh does");
  const args = ["build/local.ts", folder, `'${Deno.execPath()}'`];
  await must(Deno.execPath(), ["run", "--quiet", "--frozen", "-A", ...args], { cwd: CHECKOUT });
  await run(`${folder}/bin/c3po`, ["check"]); // compiles it, whatever it finds
  return `${folder}/bin/c3po`;
}

function misuse(what: string): never {
  console.error(`c3po: error: ${what}`);
  Deno.exit(2);
}
