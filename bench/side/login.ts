/** How much later am I logged in? */
import { Lab, type Namespace, sshArgs, type Sshd, startSshd } from "../../tests/kernel/lab.ts";
import { c3poProgram, compiledProgram, environment, startC3po } from "./harness/c3po.ts";
import { progress } from "./harness/progress.ts";
import { differences, type Summary } from "./harness/stats.ts";
import { commandIn, interleaved, type Timed, type Way } from "./harness/timing.ts";
import { fwknop, fwknopClient } from "./peers/fwknop.ts";
import { knockd, SEQUENCE } from "./peers/knockd.ts";

/** One way to log in, beside plain ssh. */
export interface Login extends Timed {
  /** Milliseconds on top of plain ssh, round by round. */
  readonly more: Summary;
}

export interface Effort {
  readonly rounds: number;
}

/** Tries until the port is open: ssh itself would lose its first SYN and send it again a second later. */
const WHEN_OPEN = "until timeout 0.05 bash -c '</dev/tcp/$0/22' $HOST 2>&-; do :; done";

/** All ways in turn, each server in a namespace of its own, so that nothing stands in another's way. */
export async function login({ rounds }: Effort): Promise<Login[]> {
  await using lab = await Lab.create({ peers: ["user", "knockd", "fwknop", "plain"] });
  const { server, user } = lab;
  const [knock, spa, plain] = ["knockd", "fwknop", "plain"].map((name) => lab.peer(name));
  progress("login: servers");
  const sshd = await startSshd(server);
  const c3po = await startC3po(server, ["--grace", "15s"]);
  const keyFile = await c3po.giveKey(user);
  const ways = [
    await plainLogin(user, plain!),
    ...await c3poLogins(user, server, sshd, keyFile),
    ...await knocks(user, knock!),
    ...await spas(user, spa!),
  ];
  progress(`login: ${ways.length} ways, ${rounds} rounds`);
  const timed = await interleaved(ways, rounds);
  const [base] = timed;
  return timed.map((each) => ({ ...each, more: differences(each.ms, base!.ms) }));
}

async function plainLogin(user: Namespace, server: Namespace): Promise<Way> {
  const words = await target(await startSshd(server), server);
  return commandIn(user, "ssh alone", ["ssh", ...words, "true"], { shown: "ssh HOST true" });
}

async function c3poLogins(
  user: Namespace,
  server: Namespace,
  sshd: Sshd,
  keyFile: string,
): Promise<Way[]> {
  const words = await target(sshd, server);
  const how = { env: environment(user), cwd: user.directory };
  const compiled = compiledProgram();
  const proxied = [
    ...words.slice(0, -1),
    "-o",
    `ProxyCommand ${c3poProgram()} proxy --key ${keyFile} %h`,
  ];
  return [
    commandIn(user, "c3po ssh", [c3poProgram(), "ssh", "--key", keyFile, ...words, "true"], {
      ...how,
      shown: "c3po ssh HOST true",
    }),
    ...compiled === undefined ? [] : [
      commandIn(user, "c3po ssh, compiled", [compiled, "ssh", "--key", keyFile, ...words, "true"], {
        ...how,
        shown: "c3po ssh HOST true",
      }),
    ],
    commandIn(user, "c3po proxy", ["ssh", ...proxied, server.address4, "true"], {
      ...how,
      shown: 'ssh -o "ProxyCommand c3po proxy %h" HOST true',
    }),
  ];
}

async function knocks(user: Namespace, server: Namespace): Promise<Way[]> {
  const words = await target(await startSshd(server), server);
  await knockd.start(server, "");
  const before = () => forget(server, "INPUT", user);
  const first = `knock ${server.address4} ${SEQUENCE.join(" ")}`;
  return twoWays(user, "knock", first, {
    words,
    before,
    shown: `knock HOST ${SEQUENCE.join(" ")}`,
  });
}

async function spas(user: Namespace, server: Namespace): Promise<Way[]> {
  const words = await target(await startSshd(server), server);
  await fwknop.start(server, "");
  const options = await fwknopClient(user, server);
  const before = () => forget(server, "FWKNOP_INPUT", user);
  const first = `fwknop ${options.join(" ")}`;
  return twoWays(user, "fwknop", first, { words, before, shown: "fwknop -n HOST" });
}

/** As the manuals say, and as fast as it could be done: ssh starts at the moment the port is open. */
function twoWays(
  user: Namespace,
  name: string,
  first: string,
  { words, before, shown }: {
    readonly words: readonly string[];
    readonly before: () => Promise<void>;
    readonly shown: string;
  },
): Way[] {
  const host = words.at(-1)!;
  const ssh = `ssh ${words.join(" ")} true`;
  const script = (middle: string): string => `HOST=${host}; ${first} >/dev/null && ${middle}${ssh}`;
  const env = { HOME: user.home };
  return [
    commandIn(user, `${name}, then ssh`, ["bash", "-c", script("")], {
      before,
      env,
      shown: `${shown} && ssh HOST true`,
    }),
    commandIn(user, `${name}, then ssh when the port is open`, [
      "bash",
      "-c",
      script(`${WHEN_OPEN}; `),
    ], {
      before,
      env,
      shown: `${shown}; ${WHEN_OPEN.replace("$HOST", "HOST")}; ssh HOST true`,
    }),
  ];
}

/** Shuts the user out again. */
async function forget(server: Namespace, chain: string, user: Namespace): Promise<void> {
  const rules = await server.must("iptables", ["-S", chain]);
  for (const rule of rules.split("\n")) {
    if (!rule.includes(` ${user.address4}/32 `)) continue;
    await server.run("iptables", ["-D", ...rule.split(" ").slice(1)]);
  }
}

async function target(sshd: Sshd, server: Namespace): Promise<string[]> {
  return [...await sshArgs(sshd), server.address4];
}
