import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { parseKey } from "../../src/schedule/key_text.ts";
import { minuteAt } from "../../src/schedule/minute.ts";
import { Schedule } from "../../src/schedule/schedule.ts";
import {
  c3poCommand,
  type Child,
  kernelTest,
  Lab,
  login,
  type Namespace,
  Pane,
  Session,
  type Sshd,
  startSshd,
  syn,
  together,
} from "./lab.ts";

/** A server with nothing of C3PO on it but the program: an /etc/c3po of its own, empty. */
class Bare implements AsyncDisposable {
  private constructor(readonly lab: Lab, readonly sshd: Sshd, readonly etc: string) {}

  static async create(): Promise<Bare> {
    const lab = await Lab.create();
    try {
      const sshd = await startSshd(lab.server);
      const etc = join(lab.server.directory, "etc");
      await Deno.mkdir(etc, { mode: 0o700 });
      await Deno.mkdir(join(lab.server.directory, "over"));
      return new Bare(lab, sshd, etc);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get server(): Namespace {
    return this.lab.server;
  }

  /** Shell commands after which, in a mount namespace of its own, /etc/c3po is this one. */
  get mounts(): string {
    const over = join(this.server.directory, "over");
    return `mount -t tmpfs tmpfs '${over}' && mkdir '${over}/upper' '${over}/work' && ` +
      `mount -t overlay overlay -o 'lowerdir=/etc,upperdir=${over}/upper,workdir=${over}/work' /etc && ` +
      `mkdir -p /etc/c3po && mount --bind '${this.etc}' /etc/c3po && ` +
      // The systemd of this machine is none of the laboratory's.
      "{ [ ! -d /run/systemd ] || mount -t tmpfs tmpfs /run/systemd; }";
  }

  /** Starts `c3po setup`. */
  setup(...args: string[]): Child {
    const words = [...c3poCommand(), "setup", ...args];
    const { server } = this;
    return server.spawn("sh", ["-c", `${this.mounts} && exec "$@"`, "sh", ...words], {
      cwd: server.directory,
      env: {
        STATE_DIRECTORY: server.stateDirectory,
        RUNTIME_DIRECTORY: server.runtimeDirectory,
        C3PO_SECRET: "classic:none of this server", // nor of the service
      },
    });
  }

  /** The SSH port of this minute, by the key that was made. */
  async port(): Promise<number> {
    const schedule = await Schedule.of(parseKey(await Deno.readTextFile(join(this.etc, "key"))));
    return (await schedule.ports(minuteAt(Date.now()), 0)).ssh;
  }

  /** Logs in through C3PO, and stays. */
  async logIn(): Promise<Session> {
    const { lab: { user }, server } = this;
    return await Session.open(user, this.sshd, server.address4, await this.port());
  }

  /** Whether plain SSH answers. */
  async isPlain(): Promise<boolean> {
    return await syn(this.lab.attacker, this.server.address6, this.sshd.port) === "open" &&
      await login(this.lab.user, this.sshd, this.server.address4, this.sshd.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** The lines that begin a step. */
function heads(child: Child): string[] {
  return child.text("stdout").split("\n").filter((line) => /^\d\/5 /.test(line));
}

kernelTest("c3po setup", (t) =>
  together(t, {
    "with --yes it goes from nothing to a passed trial, and then knows it": toTheEnd,
    "a trial without a login is rolled back, and nothing starts at boot": withoutLogin,
    "on a terminal: a question a step, Ctrl-C, and on where it was": onTerminal,
  }));

async function toTheEnd(): Promise<void> {
  await using bare = await Bare.create();
  const first = bare.setup("--yes", "--try", "5m");
  await first.waitForLine(/C3PO's ports are open: log in now$/);
  const { mode } = await Deno.stat(join(bare.etc, "key"));
  assertEquals(mode! & 0o777, 0o600);
  assertEquals(await bare.isPlain(), false, "sshd's own port is hidden in the trial");
  const session = await bare.logIn();
  await first.waitForLine(/passed: a login from 10\.77\.1\.1$/);
  assertEquals((await first.finished()).code, 0, first.text());
  assertEquals(first.text("stderr").replace(/^c3po: this machine listens .*\n/, ""), "");
  assertEquals(heads(first).map((line) => line.slice(4).replace(/:.*/, "")), [
    "key",
    "check",
    "client",
    "trial",
    "service",
  ]);
  await session.answers();
  await session.close();
  assert(await bare.isPlain(), "without systemd nothing serves after it");

  const again = bare.setup("--yes");
  assertEquals((await again.finished()).code, 0, again.text());
  const [key, , client, trial, service] = heads(again);
  assertMatch(key!, /^1\/5 key: \/etc\/c3po\/key is there, ports .*, fingerprint [0-9a-f]{8}$/);
  assertEquals(client, "3/5 client: one has logged in through C3PO");
  assertEquals(trial, "4/5 trial: passed before, with this key and these settings");
  assertMatch(service!, /^5\/5 service: there is no systemd here; .*: .* serve$/);

  // Other settings are another thing to try.
  await Deno.writeTextFile(join(bare.etc, "server.toml"), "traps = 31\n");
  const dry = bare.setup("--dry-run");
  assertEquals((await dry.finished()).code, 0, dry.text());
  assertMatch(heads(dry)[3]!, /^4\/5 trial: hide port 22 and open /);
  assertEquals(
    await Array.fromAsync(Deno.readDir(bare.etc), ({ name }) => name).then((all) => all.sort()),
    [
      "key",
      "server.toml",
    ],
  );
}

async function withoutLogin(): Promise<void> {
  await using bare = await Bare.create();
  // As when the terminal is closed.
  const closed = bare.setup("--yes");
  await closed.waitForLine(/C3PO's ports are open: log in now$/);
  closed.kill("SIGHUP");
  assertEquals((await closed.finished()).code, 1);
  assertMatch(
    closed.text("stderr"),
    /^c3po: stopped at trial \(done: key, check, client\); plain SSH /m,
  );
  assert(await bare.isPlain());

  const setup = bare.setup("--yes", "--try", "10s");
  assertEquals((await setup.finished()).code, 1, setup.text());
  assertMatch(
    setup.text("stderr"),
    /^c3po: error: rolled back: no login through C3PO within 10s\nc3po: hint: .*go on with: c3po setup$/m,
  );
  assertEquals(heads(setup).length, 4);
  assert(await bare.isPlain());
}

/** A systemctl that knows one unit, which it starts as systemd would, and writes down what it is told. */
function systemctl(folder: string, command: readonly string[]): string {
  const serve = command.map((word) => `'${word}'`).join(" ");
  return `#!/bin/sh
echo "$*" >>'${folder}/told'
case $1 in
is-enabled | is-active) [ -e '${folder}/log' ] ;;
enable)
	${serve} serve 2>'${folder}/log' >/dev/null </dev/null &
	until grep -q event=started '${folder}/log'; do sleep 0.1; done
	;;
esac
`;
}

async function onTerminal(): Promise<void> {
  await using bare = await Bare.create();
  const { server } = bare;
  const tools = join(server.directory, "tools");
  await Deno.mkdir(tools);
  await Deno.writeTextFile(join(tools, "systemctl"), systemctl(tools, c3poCommand()), {
    mode: 0o755,
  });
  const script = join(server.directory, "shell");
  // A /run of its own, in which systemd seems to run the machine.
  const run = join(server.directory, "over", "run");
  const mounts = `${bare.mounts} && mkdir '${run}' '${run}/up' '${run}/work' && ` +
    `mount -t overlay overlay -o 'lowerdir=/run,upperdir=${run}/up,workdir=${run}/work' /run && ` +
    `mkdir -p /run/systemd/system && mount --bind '${tools}' /usr/local/sbin`;
  await Deno.writeTextFile(script, `${mounts} && exec sh\n`);
  await using pane = await Pane.open({ columns: 80, rows: 24, machine: server });
  await pane.type(`unshare --mount sh ${script}`, "Enter");
  await pane.type("clear; echo inside", "Enter");
  await pane.waitFor(/^inside$/m);

  await pane.c3po("setup");
  await pane.waitFor(/^ {4}Create it\? \[Y\/n\]$/m);
  await pane.type("y", "Enter", "Enter"); // the second answers no question to come
  const text = (await pane.waitFor(/^ {4}Press Enter when a client has the key$/m)).join("\n");
  assertMatch(text, /^ {6}ssh -t HOST (sudo )?c3po key show \| c3po key add HOST --write$/m);
  await pane.type("Enter");
  await pane.waitFor(/^ {4}Start the trial\? \[Y\/n\]$/m);
  assert(await bare.isPlain(), "nothing is hidden before");
  await pane.type("Enter");
  await pane.waitFor(/C3PO's ports are open: log in now$/m);
  assertEquals(await bare.isPlain(), false);
  await pane.type("C-c");
  // Longer than a line, and the terminal breaks it where it likes.
  const stopped =
    "c3po: stopped at trial (done: key, check, client); plain SSH answers as before; go on with: c3po setup";
  const solid = (text: string) => text.replace(/\s/g, "");
  await pane.waitFor((screen) => solid(screen).includes(solid(stopped)));
  assert(await bare.isPlain(), "Ctrl-C rolls the trial back");

  await pane.clear();
  await pane.c3po("setup");
  await pane.waitFor(/^ {4}Press Enter when a client has the key$/m);
  await pane.type("Enter");
  await pane.waitFor(/^ {4}Start the trial\? \[Y\/n\]$/m);
  await pane.type("Enter");
  await pane.waitFor(/C3PO's ports are open: log in now$/m);
  const session = await bare.logIn();
  await pane.waitFor(/^ {4}passed: a login from 10\.77\.1\.1$/m);
  await pane.waitFor(/^ {4}Start it\? \[Y\/n\]$/m);
  await session.close();
  await pane.type("n", "Enter");
  await pane.waitFor(/^c3po: stopped at service \(done: key, check, client, trial\)/m);

  await pane.clear();
  await pane.c3po("setup");
  await pane.waitFor(/^4\/5 trial: passed before, with this key and these settings$/m);
  await pane.waitFor(/^ {4}Start it\? \[Y\/n\]$/m);
  await pane.type("Enter");
  await pane.waitFor(/^done: log in with c3po ssh from now on$/m);
  const told = (await Deno.readTextFile(join(tools, "told"))).split("\n");
  assertEquals(told.filter((line) => line.startsWith("enable")), ["enable --now c3po"]);
  assertEquals(await bare.isPlain(), false);
  await (await bare.logIn()).close();

  await pane.clear();
  await pane.c3po("setup");
  await pane.waitFor(/^done: /m);
  const last = (await pane.lines()).filter((line) => /^\d\/5 /.test(line));
  assertEquals(last.slice(2).map((line) => line.replace(/process \d+$/, "process PID")), [
    "3/5 client: port 22 is hidden already; for another client: c3po user add NAME",
    "4/5 trial: c3po serve is running, process PID",
    "5/5 service: c3po.service is enabled and running",
  ]);
}
