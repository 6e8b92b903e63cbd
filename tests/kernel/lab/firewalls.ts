import { join } from "@std/path";
import type { Namespace } from "./namespace.ts";
import { type Child, must } from "./process.ts";
import { waitFor } from "./wait.ts";

/** Which of the two programs a firewall finds under the name of iptables. */
export type Backend = "nft" | "legacy";

/** What a firewall runs among: of these mounts nothing is seen outside, nor in its next call. */
function mounts(backend: Backend, pairs: readonly (readonly [string, string])[]): string {
  const all = backend === "nft"
    ? pairs
    : [...pairs, ["/usr/sbin/xtables-legacy-multi", "/usr/sbin/xtables-nft-multi"] as const];
  return all.map(([from, to]) => `mount --rbind '${from}' ${to} && `).join("") + 'exec "$@"';
}

/** By it the tools of legacy tables keep out of each other's way. */
const LOCK = "/run/xtables.lock";

/** Debian's ufw on one machine, as it is right after its installation, with files of its own. */
export class Ufw {
  readonly #folder: string;

  private constructor(readonly server: Namespace, readonly backend: Backend) {
    this.#folder = join(server.directory, "ufw");
  }

  static async install(server: Namespace, backend: Backend = "nft"): Promise<Ufw> {
    const ufw = new Ufw(server, backend);
    await must("mkdir", ["-p", ufw.#path("etc/applications.d"), ufw.#path("run")]);
    const rules = ["before", "after", "user"].flatMap((
      name,
    ) => [`${name}.rules`, `${name}6.rules`]);
    const files = [...rules.map((name) => `iptables/${name}`), "ufw.conf"];
    const from = files.map((name) => `/usr/share/ufw/${name}`);
    await must("cp", [...from, ufw.#path("etc")]);
    await Deno.writeTextFile(ufw.#path("etc/sysctl.conf"), "");
    await ufw.set({});
    return ufw;
  }

  /** Writes `/etc/default/ufw`. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const all = {
      IPV6: "yes",
      DEFAULT_INPUT_POLICY: "DROP",
      DEFAULT_OUTPUT_POLICY: "ACCEPT",
      DEFAULT_FORWARD_POLICY: "DROP",
      DEFAULT_APPLICATION_POLICY: "SKIP",
      MANAGE_BUILTINS: "no",
      IPT_SYSCTL: "/etc/ufw/sysctl.conf",
      IPT_MODULES: "",
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
    await Deno.writeTextFile(this.#path("default"), lines.join(""));
  }

  /**
   * Runs ufw, which has to succeed. It does not wait for the lock of legacy tables, which others may have, and may be
   * disabled then: it is enabled and run again, as a person would.
   */
  async run(...args: string[]): Promise<string> {
    await must("touch", [LOCK, this.#path("run/xtables.lock")]);
    if (this.backend === "nft") return await this.#attempt(args);
    try {
      return await this.#attempt(args);
    } catch {
      const again = async (): Promise<string> => {
        await this.#attempt(["--force", "enable"]);
        return await this.#attempt(args);
      };
      return await waitFor(again, { what: `ufw ${args.join(" ")}`, deadlineMs: 120_000 });
    }
  }

  #attempt(args: readonly string[]): Promise<string> {
    const places = mounts(this.backend, [
      [LOCK, this.#path("run/xtables.lock")], // all tools of a machine have the same
      [this.#path("etc"), "/etc/ufw"],
      [this.#path("default"), "/etc/default/ufw"],
      [this.#path("run"), "/run"],
    ]);
    return this.server.must("sh", ["-c", places, "sh", "ufw", ...args]);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

const BUS = (socket: string): string =>
  `<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>` +
  '<policy context="default"><allow user="*"/><allow own="*"/>' +
  '<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>\n';

/** firewalld on one machine, with its own settings, files and message bus. */
export class Firewalld {
  #daemon: Child | null = null;

  private constructor(
    readonly server: Namespace,
    readonly backend: Backend,
    readonly folder: string,
  ) {}

  /** @param with_ what it makes its rules with */
  static async install(
    server: Namespace,
    settings: { backend: "nftables" | "iptables"; iptables?: Backend },
  ): Promise<Firewalld> {
    const folder = join(server.directory, "firewalld");
    for (const name of ["etc", "run", "log"]) await must("mkdir", ["-p", join(folder, name)]);
    const text = `DefaultZone=public\nFirewallBackend=${settings.backend}\n`;
    await Deno.writeTextFile(join(folder, "etc/firewalld.conf"), text);
    await Deno.writeTextFile(join(folder, "bus.conf"), BUS(join(folder, "bus")));
    const bus = ["--nofork", "--print-address", `--config-file=${join(folder, "bus.conf")}`];
    await server.spawn("dbus-daemon", bus).waitForLine(/^unix:path=/);
    return new Firewalld(server, settings.iptables ?? "nft", folder);
  }

  /** Starts it, and waits until its rules are loaded. */
  async start(): Promise<void> {
    const places = mounts(this.backend, [
      [join(this.folder, "etc"), "/etc/firewalld"],
      [join(this.folder, "log"), "/var/log"],
      [join(this.folder, "run"), "/run"],
    ]);
    const command = ["firewalld", "--nofork", "--nopid"];
    const env = this.#env();
    this.#daemon = this.server.spawn("sh", ["-c", places, "sh", ...command], { env });
    const ready = "until firewall-cmd --state; do sleep 0.1; done";
    await this.server.must("timeout", ["180", "sh", "-c", ready], { env });
  }

  /** Ends it; it takes its rules with it. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  /** Runs `firewall-cmd`, which has to succeed. */
  async cmd(...args: string[]): Promise<string> {
    return await this.server.must("firewall-cmd", args, { env: this.#env() });
  }

  #env(): Record<string, string> {
    return { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.folder, "bus")}` };
  }
}
