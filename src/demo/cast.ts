import { listenersOf, printedSockets } from "../os/socket_tables.ts";
import type { Outcome, Stage, Words } from "./stage.ts";
import { c3po, plain, type Props, SERVER, timed } from "./world.ts";

/** What the user and the attacker do over and over, with what there is on this machine. */
export class Cast {
  readonly #stage: Stage;
  readonly #props: Props;

  constructor(stage: Stage, props: Props) {
    this.#stage = stage;
    this.#props = props;
  }

  /** Whether the server's own port answers yet. */
  async serverListens(): Promise<boolean> {
    const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(async (path) =>
      await this.#stage.silently("server", plain("cat", path)).catch(() => "") // no IPv6, no tcp6
    );
    const sockets = printedSockets((await Promise.all(tables)).join("\n"));
    return listenersOf(sockets).system.has(22);
  }

  /** The user runs a command on the server. */
  async login(remote: string): Promise<void> {
    const words = this.sshWords(remote);
    // The stand-in has no login: receiving its banner counts as one.
    await this.#stage.run("user", this.#props.sshd === null ? timed(2, words) : words);
  }

  /** How the user runs a command on the server. */
  sshWords(remote: string): Words {
    return this.#props.sshd === null
      ? c3po("proxy", SERVER)
      : c3po("ssh", "-F", "ssh_config", "server", remote);
  }

  /** The attacker looks which of the server's ports answer. */
  async scan(ports: string): Promise<Outcome> {
    if (this.#props.nmap) {
      const how = ["-n", "-Pn", "-T4", "--max-parallelism", "300", "--max-retries", "1"];
      return await this.#stage.run("attacker", plain("nmap", ...how, "-p", ports, SERVER));
    }
    await this.#stage.say(
      "(nmap is not installed; the demo's own probe scans instead.)",
    );
    return await this.#stage.run("attacker", c3po("demo", "probe", SERVER, ports));
  }
}
