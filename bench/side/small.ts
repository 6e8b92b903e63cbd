/** How fast are the small things? */
import { fromFileUrl } from "@std/path";
import { ENGINE_FLAGS } from "../../build/compile.ts";
import { Lab, must } from "../../tests/kernel/lab.ts";
import { c3poProgram, compiledProgram, environment } from "./harness/c3po.ts";
import { progress } from "./harness/progress.ts";
import { type Summary, summary } from "./harness/stats.ts";
import { commandIn, interleaved, type Timed } from "./harness/timing.ts";

const RATES = fromFileUrl(new URL("./programs/rates.ts", import.meta.url));
const KEY = `c3po-1-${"A".repeat(43)}`;
/** The port of this minute in the 2007 scheme, as somebody without c3po would compute it. */
const PYTHON =
  'import hashlib,time;print(hashlib.sha256(b"secret%d"%(time.time()//60)).hexdigest()[:4])';
const PYTHON_RATE = `import hmac,time
n=200000;k=bytes(32);a=time.perf_counter()
for m in range(n):
 d=hmac.digest(k,b"c3po-1\\0"+m.to_bytes(8,"big")+bytes(4),"sha256");[int.from_bytes(d[i:i+2],"big") for i in range(0,32,2)]
print(n/(time.perf_counter()-a))`;

export interface Effort {
  readonly rounds: number;
}

/** How many minutes' ports somebody computes in a second. */
export interface Rate {
  readonly name: string;
  readonly command: string;
  readonly perSecond: Summary;
}

export async function small({ rounds }: Effort): Promise<{ starts: Timed[]; rates: Rate[] }> {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  const options = {
    env: { ...environment(server), C3PO_SECRET: KEY },
    cwd: server.directory,
  };
  const nothing = `${server.directory}/nothing.js`;
  await Deno.writeTextFile(nothing, "");
  const deno = [Deno.execPath(), "run", "--quiet", ...ENGINE_FLAGS, nothing];
  const compiled = compiledProgram();
  progress(`small: ${rounds} rounds`);
  const starts = await interleaved([
    commandIn(server, "true", ["true"], options),
    commandIn(server, "oathtool", ["oathtool", "--totp", "00"], options),
    commandIn(server, "python", ["python3", "-c", PYTHON], options),
    commandIn(server, "deno with an empty program", deno as [string, ...string[]], {
      ...options,
      shown: "deno run nothing.js",
    }),
    commandIn(server, "c3po port", [c3poProgram(), "port"], { ...options, shown: "c3po port" }),
    ...compiled === undefined ? [] : [
      commandIn(server, "c3po port, compiled", [compiled, "port"], {
        ...options,
        shown: "c3po port",
      }),
    ],
  ], rounds);
  return { starts, rates: await rates() };
}

async function rates(): Promise<Rate[]> {
  const how = ["run", "--quiet", "--no-prompt", "-A"];
  const commands: [string, string, string[]][] = [
    ["python, the same with hmac.digest", "python3", ["-c", PYTHON_RATE]],
    ["c3po's schedule, in Deno as it comes", Deno.execPath(), [...how, RATES]],
    [
      "c3po's schedule, as c3po runs it",
      Deno.execPath(),
      [...how, "--v8-flags=--jitless", RATES],
    ],
  ];
  const found = commands.map((): number[] => []);
  for (let round = 0; round < 5; round++) {
    for (const [i, [, command, args]] of commands.entries()) {
      found[i]!.push(Number(await must(command, args)));
    }
  }
  return commands.map(([name, command, args], i) => ({
    name,
    command: command === "python3" ? "python3 -c …" : `deno ${args.at(-2)!} rates.ts`,
    perSecond: summary(found[i]!),
  }));
}
