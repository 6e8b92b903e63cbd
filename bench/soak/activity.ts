/** A trickle of all that a server meets: hits on traps, logins, bans, reloads. */
import { fromFileUrl } from "@std/path";
import {
  type Filter,
  type Lab,
  loginNow,
  roomInMinute,
  type Serving,
  type Sshd,
} from "../../tests/kernel/lab.ts";

const FLOODER = fromFileUrl(new URL("../../tests/kernel/bans/flooder.ts", import.meta.url));
const TOUCHER = fromFileUrl(new URL("../fleet/toucher.ts", import.meta.url));

/** So many addresses take turns: each meets traps again after its ban, and there are never more. */
const FORGED = 90, OWN = 40;
/** Milliseconds between two of a kind. */
const EVERY = { forged: 15_000, own: 10_000, login: 20_000, ban: 30_000, reload: 120_000 };
/** Forged addresses at once, of either family in turn. */
const AT_ONCE = 3;

/** Something that goes on beside. */
export interface Activity extends AsyncDisposable {
  /** How often each was done. */
  readonly done: Record<keyof typeof EVERY, number>;
  /** What did not work, a line each. */
  readonly failures: string[];
  /** Begins nothing more, and waits for what is going on. */
  stop(): Promise<void>;
}

/** What it happens to. */
export interface Place {
  readonly lab: Lab;
  readonly engine: Filter;
  readonly serve: Serving;
  readonly sshd: Sshd;
  /** The c3po that bans. */
  readonly program: string;
}

/** Begins. */
export async function startActivity({ lab, serve, sshd, program }: Place): Promise<Activity> {
  const { server } = lab;
  const [user, scanner] = [lab.peer("user"), lab.peer("scanner")];
  for (const range of ["10.78.0.0/16", "fd78::/48"]) await lab.addRange(scanner, range);
  const deno = (file: string): [string, string[]] => [
    Deno.execPath(),
    ["run", "--no-prompt", "-A", file],
  ];
  const toucher = scanner.spawn(...deno(TOUCHER), { stdin: "piped" });

  const trap = async (turn: number): Promise<number> => {
    await roomInMinute(3_000);
    return (await serve.ports()).traps[turn % 15]!;
  };
  const banning = async (...args: string[]): Promise<void> =>
    void await server.must(program, ["ban", ...args], {
      cwd: server.directory,
      env: server.c3poEnv(),
    });

  const kinds: Record<keyof typeof EVERY, (turn: number) => Promise<void>> = {
    async forged(turn) {
      const isV6 = turn % 2 === 1;
      const first = (turn >> 1) * AT_ONCE % FORGED;
      const from = isV6 ? `fd78:0:0:${(first + 513).toString(16)}::1` : `10.78.2.${first + 1}`;
      const target = isV6 ? server.address6 : server.address4;
      const [command, args] = deno(FLOODER);
      const words = [target, await trap(turn), from, AT_ONCE].map(String);
      await scanner.must(command, [...args, ...words]);
    },
    async own(turn) {
      const isV6 = turn % 2 === 1;
      const number = (turn >> 1) % OWN + 1;
      const source = isV6 ? `fd78:0:0:${number.toString(16)}::1` : `10.78.1.${number}`;
      const target = isV6 ? server.address6 : server.address4;
      await toucher.write(`${target} ${await trap(turn)} ${source}\n`);
    },
    async login(turn) {
      await roomInMinute(5_000);
      const address = turn % 2 === 1 ? server.address6 : server.address4;
      if (!await loginNow(user, sshd, address, serve)) throw new Error("refused");
    },
    async ban(turn) {
      const address = `192.0.2.${(turn >> 1) % 50 + 1}`;
      if (turn % 2 === 0) await banning("add", address, "--for", "2m");
      else await banning("remove", address);
    },
    async reload() {
      const seen = serve.child.lines.length;
      serve.child.kill("SIGHUP");
      await serve.event("reloaded", "", seen);
    },
  };

  const done = { forged: 0, own: 0, login: 0, ban: 0, reload: 0 };
  const failures: string[] = [];
  const stop = Promise.withResolvers<void>();
  let isOver = false;
  const repeat = async (kind: keyof typeof EVERY): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      try {
        await kinds[kind](turn);
        done[kind]++;
      } catch (error) {
        if (!isOver) failures.push(`${kind} ${turn + 1}: ${error}`);
      }
      await pause(EVERY[kind], stop.promise);
    }
  };
  const running = Promise.all((Object.keys(EVERY) as (keyof typeof EVERY)[]).map(repeat));
  const end = async (): Promise<void> => {
    isOver = true;
    stop.resolve();
    await running;
  };
  return { done, failures, stop: end, [Symbol.asyncDispose]: end };
}

/** Waits for so many milliseconds, or until something else is over. */
async function pause(ms: number, over: Promise<void>): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const id = setTimeout(timer.resolve, ms);
  await Promise.race([timer.promise, over]);
  clearTimeout(id);
}
