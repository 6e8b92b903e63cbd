import { Failure } from "../core/errors.ts";
import { minuteAt, minuteStart } from "../core/minute.ts";
import type { Clock } from "../host/clock.ts";
import type { Running } from "../host/private_network.ts";
import { Cast } from "./cast.ts";
import type { Stage } from "./stage.ts";
import { c3po, plain, type Props, sshdWords } from "./world.ts";

/** How the story is told. */
export interface Telling {
  readonly stage: Stage;
  readonly props: Props;
  readonly clock: Clock;
  /** Seconds of the attacker's ban. */
  readonly banSeconds: number;
}

const STARTED_MS = 20_000;
const SESSION_MS = 15_000;
const NOTED_MS = 15_000;
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
  #noted = false;

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
    stage.step("A server as there are many");
    if (props.sshd === null) {
      await stage.say("There is no sshd on this machine, so a stand-in answers on port 22.");
      stage.start("server", c3po("demo", "answer", "22"), "stand-in", () => {});
    } else {
      stage.start("server", sshdWords(props.sshd), "sshd", () => {});
    }
    await stage.waitFor("the server to listen", STARTED_MS, () => this.#cast.serverListens());
    await stage.say("Somebody scans all its ports, and finds what everybody finds:");
    await this.#cast.scan("1-65535");
  }

  async #serve(): Promise<void> {
    const { stage, banSeconds } = this.#telling;
    stage.step("C3PO takes the port away");
    await stage.say("Server and user share a key. From now on the port moves every minute.");
    const { code } = await stage.run("server", c3po("key", "new", "key"));
    if (code !== 0) {
      throw new Failure("c3po itself does not run inside of the demo", {
        hint: "what it says is above; if it says nothing, copy it to where root may run programs",
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
        this.#noted ||= / ban address=/.test(line);
      },
    );
    void serving.ended.then(() => this.#stopped = true);
    await stage.waitFor("serve to start", STARTED_MS, () => started);
    await stage.run("server", c3po("status"));
  }

  async #firstLogin(): Promise<Running> {
    const { stage } = this.#telling;
    stage.step("The user logs in, at the first try");
    await stage.run("user", c3po("port"));
    await this.#cast.login("echo I am in");
    await stage.say("And opens a session that stays:");
    const session = stage.start(
      "user",
      this.#cast.sshWords("while date -u +%T; do sleep 3; done"),
      "session",
      (line) => this.#session.push(line),
    );
    await stage.waitFor("the session", SESSION_MS, () => this.#session.length > 0);
    return session;
  }

  async #attack(): Promise<void> {
    const { stage } = this.#telling;
    const all = await stage.silently("server", c3po("port", "--all"));
    this.#ports = all.trim().split("\n").map(Number);
    stage.step("The attacker scans again");
    const { lines } = await this.#cast.scan("1-65535");
    // The kernel has banned him at once; what he did is read from it some seconds later.
    await stage.waitFor("serve to hear of the ban", NOTED_MS, () => this.#noted);
    await this.#noteBan();
    const open = lines.flatMap((line) => /^(\d+)\/tcp +open/.exec(line)?.[1] ?? []).map(Number);
    const trap = open.find((port) => port !== this.#ports[0]);
    await stage.say(
      ...open.includes(this.#ports[0]!)
        ? ["This one was lucky, and met sshd before a trap: that is one scan in sixteen."]
        : [],
      trap === undefined
        ? "The first trap banned him at his first packet."
        : `${trap} was a trap. His first packet to it banned him, inside the kernel.`,
      "Since then the other traps, and the way in, look to him like any port that is shut.",
    );
    await stage.run("server", c3po("ban"));
    await stage.say("Even if somebody told him the port now, he would get nowhere:");
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
    stage.step("A change of minute");
    await stage.say("The user logs in before, during and after it, each time at the first try.");
    for (const offset of AROUND) {
      const what = offset < 0 ? "shortly before the change" : "the next login";
      await stage.waitUntil(change + offset, what);
      await stage.run("user", c3po("port"));
      await this.#cast.login(`echo in, ${offset < 0 ? "before" : offset > 0 ? "after" : "during"}`);
    }
    const heard = this.#session.length;
    await stage.say("The session of the minute before lives on:");
    await stage.waitFor("the session", SESSION_MS, () => this.#session.length > heard);
  }

  async #expiry(): Promise<void> {
    const { stage, clock, banSeconds } = this.#telling;
    stage.step("The ban runs out");
    await stage.say(`It was one of ${banSeconds} s, so that you can watch; 15 minutes are usual.`);
    await stage.run("server", c3po("ban"));
    await stage.waitUntil(this.#bannedUntil, "the ban is over");
    for (let left = "[{}]"; left !== "[]\n";) {
      left = await stage.silently("server", c3po("ban", "--json"));
      if (left !== "[]\n") await stage.waitUntil(clock.now() + 1000, "the ban is over");
    }
    await stage.run("server", c3po("ban"));
    await stage.say("He may try again; the next trap doubles the time.");
  }

  async #end(session: Running): Promise<void> {
    const { stage } = this.#telling;
    stage.step("Nothing is left behind");
    await this.#logOut(session);
    const { pid } = JSON.parse(await stage.silently("server", c3po("status", "--json")));
    await stage.run("server", plain("kill", "-TERM", String(pid)));
    await stage.waitFor("serve to end", STARTED_MS, () => this.#stopped);
    await stage.run("server", plain("ipset", "list", "-name"));
    await stage.run("server", plain("iptables", "-S"));
    await stage.say("That was all of it. The machines and everything on them are gone now.");
  }

  /** A server with sessions keeps what they need; this one shall show that nothing else stays. */
  async #logOut(session: Running): Promise<void> {
    const { stage, clock } = this.#telling;
    await stage.say("The user logs out, and the server's administrator stops c3po serve.");
    await stage.silently("user", plain("pkill", "-f", "ssh_config|c3po proxy|main.ts proxy"));
    await session.ended;
    const open = plain("ss", "-Htn", "state", "established", "sport", "=", ":22");
    while (await stage.silently("server", open) !== "") {
      await stage.waitUntil(clock.now() + 200, "the session has ended");
    }
  }
}
