import { Failure } from "../os/errors.ts";
import { minuteAt, minuteStart } from "../schedule/minute.ts";
import type { Clock } from "../os/clock.ts";
import type { Running } from "../os/private_network.ts";
import { Cast } from "./cast.ts";
import type { Stage } from "./stage.ts";
import { c3po, ended, numbered, plain, type Props, sshdWords, terminated } from "./world.ts";

/** How the story is told. */
export interface Telling {
  readonly stage: Stage;
  readonly props: Props;
  readonly clock: Clock;
  /** Seconds of the attacker's ban. */
  readonly banSeconds: number;
}

/** The file that has the number of the user's session. */
const SESSION = "session.pid";

const STARTED_MS = 120_000;
const SESSION_MS = 60_000;
const NOTED_MS = 60_000;
/** The logins around a change: before, right at it, and after, in milliseconds. */
const AROUND = [-2000, 0, 2000];

/** The whole story: server, user and attacker, from a plain sshd to the last trace removed. */
export class Story {
  readonly #telling: Telling;
  readonly #cast: Cast;
  readonly #session: string[] = [];
  #bannedUntil = 0;
  #ports: readonly number[] = [];
  #stopped = false;
  /** The first port for which the attacker was banned. */
  #trap: string | null = null;

  constructor(telling: Telling) {
    this.#telling = telling;
    this.#cast = new Cast(telling.stage, telling.props);
  }

  /** Tells it all. */
  async tell(): Promise<void> {
    const { clock } = this.#telling;
    await this.#plainServer();
    await this.#serve();
    const session = await this.#firstLogin();
    await this.#attack();
    const change = minuteStart(minuteAt(clock.now() - AROUND[0]!) + 1);
    if (this.#bannedUntil < change + AROUND[0]!) {
      await this.#expiry();
      await this.#change(change);
    } else {
      await this.#change(change);
      await this.#expiry();
    }
    await this.#end(session);
  }

  async #plainServer(): Promise<void> {
    const { stage, props } = this.#telling;
    stage.step("A plain SSH server");
    if (props.sshd === null) {
      await stage.say("sshd is not installed, so a stand-in answers on port 22.");
      stage.start("server", c3po("demo", "answer", "22"), "stand-in", () => {});
    } else {
      stage.start("server", sshdWords(props.sshd), "sshd", () => {});
    }
    await stage.waitFor("the server to listen", STARTED_MS, () => this.#cast.serverListens());
    await stage.say("An attacker scans all its ports, and finds sshd:");
    await this.#cast.scan("1-65535");
  }

  async #serve(): Promise<void> {
    const { stage, banSeconds } = this.#telling;
    stage.step("C3PO hides the port");
    await stage.say("Server and user share a key. From now on the port moves every minute.");
    const { code } = await stage.run("server", c3po("key", "new", "key"));
    if (code !== 0) {
      throw new Failure("c3po does not run inside the demo", {
        hint:
          "see its output above; if there is none, copy c3po to a directory root can run programs from",
      });
    }
    let started = false;
    const serve = c3po("serve", "--ban-time", `${banSeconds}s`);
    const serving = stage.start(
      "server",
      serve,
      "serve",
      (line) => {
        started ||= / started /.test(line);
        this.#trap ??= / event=ban .*?\bport=(\d+)/.exec(line)?.[1] ?? null;
      },
    );
    void serving.ended.then(() => this.#stopped = true);
    await stage.waitFor("serve to start", STARTED_MS, () => started || this.#stopped);
    if (!started) throw new Failure("serve exited", { hint: "see its output above" });
    await stage.run("server", c3po("status"));
  }

  async #firstLogin(): Promise<Running> {
    const { stage } = this.#telling;
    stage.step("The user logs in, at the first try");
    await stage.run("user", c3po("port"));
    await this.#cast.login("echo I am in");
    await stage.say("The user also opens a session and keeps it open:");
    const session = stage.start(
      "user",
      numbered(SESSION, this.#cast.sshWords("while date -u +%T; do sleep 3; done")),
      "session",
      (line) => this.#session.push(line),
    );
    await stage.waitFor("the session", SESSION_MS, () => this.#session.length > 0);
    return session;
  }

  async #attack(): Promise<void> {
    const { stage, clock } = this.#telling;
    const all = await stage.silently("server", c3po("port", "--all"));
    this.#ports = all.trim().split("\n").map(Number);
    // Within the grace the port of the next minute is open as well.
    const inAMinute = String(Math.floor(clock.now() / 1000) + 60);
    const next = await stage.silently("server", c3po("port", "--at", inAMinute));
    stage.step("The attacker scans again");
    const { lines } = await this.#cast.scan("1-65535");
    // The kernel has banned him at once; what he did is read from it some seconds later.
    await stage.waitFor("serve to read the ban", NOTED_MS, () => this.#trap !== null);
    await this.#noteBan();
    const open = lines.flatMap((line) => /^(\d+)\/tcp +open/.exec(line)?.[1] ?? []);
    await stage.say(
      ...[String(this.#ports[0]), next.trim()].some((port) => open.includes(port))
        ? ["This scan was lucky and met sshd before a trap. That happens once in sixteen scans."]
        : [],
      `${this.#trap} was a trap. The first packet to it banned the attacker, in the kernel.`,
      "Now the other traps and the SSH port look like closed ports to the attacker.",
    );
    await stage.run("server", c3po("ban"));
    await stage.say("Even knowing the right port does not help now:");
    await this.#cast.scan(`22,${this.#ports.slice(0, 3).join(",")}`);
  }

  async #noteBan(): Promise<void> {
    const { stage, clock } = this.#telling;
    const bans = JSON.parse(await stage.silently("server", c3po("ban", "--json")));
    const seconds: number = bans[0]?.seconds ?? 0;
    this.#bannedUntil = clock.now() + seconds * 1000;
  }

  async #change(change: number): Promise<void> {
    const { stage } = this.#telling;
    stage.step("The minute changes");
    await stage.say(
      "The user logs in before, during and after the change, each time at the first try.",
    );
    for (const offset of AROUND) {
      const what = offset < 0 ? "shortly before the change" : "the next login";
      await stage.waitUntil(change + offset, what);
      await stage.run("user", c3po("port"));
      await this.#cast.login(`echo in, ${offset < 0 ? "before" : offset > 0 ? "after" : "during"}`);
    }
    const heard = this.#session.length;
    await stage.say("The session from before is still open:");
    await stage.waitFor("the session", SESSION_MS, () => this.#session.length > heard);
  }

  async #expiry(): Promise<void> {
    const { stage, clock, banSeconds } = this.#telling;
    stage.step("The ban expires");
    await stage.say(
      `This one lasts ${banSeconds} s so that you can watch; the default is 15 minutes.`,
    );
    await stage.run("server", c3po("ban"));
    await stage.waitUntil(this.#bannedUntil, "the ban is over");
    for (let left = "[{}]"; left !== "[]\n";) {
      left = await stage.silently("server", c3po("ban", "--json"));
      if (left !== "[]\n") await stage.waitUntil(clock.now() + 1000, "the ban is over");
    }
    await stage.run("server", c3po("ban"));
    await stage.say("The attacker can try again; the next ban lasts twice as long.");
  }

  async #end(session: Running): Promise<void> {
    const { stage, props } = this.#telling;
    stage.step("Nothing is left behind");
    await this.#logOut(session);
    const { pid } = JSON.parse(await stage.silently("server", c3po("status", "--json")));
    await stage.run("server", terminated(pid));
    await stage.waitFor("serve to end", STARTED_MS, () => this.#stopped);
    for (const listing of props.listings) await stage.run("server", listing);
    await stage.say("That is all. The three machines and everything on them are gone.");
  }

  /** A server with open sessions keeps what they need, so log out first to show that nothing else stays. */
  async #logOut(session: Running): Promise<void> {
    const { stage, clock } = this.#telling;
    await stage.say("The user logs out, and the server's administrator stops c3po serve.");
    await stage.silently("user", ended(SESSION));
    await session.ended;
    const open = plain("ss", "-Htn", "state", "established", "sport", "=", ":22");
    while (await stage.silently("server", open) !== "") {
      await stage.waitUntil(clock.now() + 200, "the session has ended");
    }
  }
}
