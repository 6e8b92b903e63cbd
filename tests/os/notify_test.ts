import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type Host, systemHost } from "../../src/os/host.ts";
import { serviceManager } from "../../src/os/notify.ts";

/** A folder with the socket that systemd would have made in it. */
class Manager implements AsyncDisposable {
  readonly path: string;
  readonly #socket: Deno.DatagramConn;

  private constructor(readonly folder: string) {
    this.path = join(folder, "notify");
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: this.path });
  }

  static async create(): Promise<Manager> {
    return new Manager(await Deno.makeTempDir({ prefix: "c3po-notify-" }));
  }

  async heard(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return new TextDecoder().decode(bytes);
  }

  hangUp(): void {
    this.#socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function hostWith(env: Record<string, string>): Host {
  return { ...systemHost, env: (name) => env[name] };
}

Deno.test("serviceManager() tells systemd's socket each state as sd_notify(3) spells it", async () => {
  await using manager = await Manager.create();
  const host = hostWith({ NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "30000000" });
  using service = serviceManager(host, manager.folder);
  assertEquals(service.patience, 30_000);
  const said: string[] = [];
  const calls = [service.ready, () => service.status("port\nopen"), service.reloading] as const;
  for (const call of [...calls, service.alive, service.stopping]) {
    await call();
    said.push(await manager.heard());
  }
  const states = ["READY=1", "STATUS=port open", "RELOADING=1", "WATCHDOG=1", "STOPPING=1"];
  assertEquals(said, states);
  manager.hangUp();
});

Deno.test("serviceManager() leaves no socket behind", async () => {
  await using manager = await Manager.create();
  serviceManager(hostWith({ NOTIFY_SOCKET: manager.path }), manager.folder)[Symbol.dispose]();
  const names = await Array.fromAsync(Deno.readDir(manager.folder), ({ name }) => name);
  assertEquals(names, ["notify"]);
  manager.hangUp();
});

Deno.test("serviceManager() does nothing where no service manager is", async () => {
  using service = serviceManager(hostWith({ WATCHDOG_USEC: "30000000" }), "/nonexistent");
  assertEquals(service.patience, null);
  await service.ready();
});

Deno.test("serviceManager() goes on when the service manager is gone, or was never there", async () => {
  await using manager = await Manager.create();
  using service = serviceManager(hostWith({ NOTIFY_SOCKET: manager.path }), manager.folder);
  manager.hangUp();
  await service.alive();
  using other = serviceManager(hostWith({ NOTIFY_SOCKET: manager.path }), "/nonexistent");
  assertEquals(other.patience, null);
  await other.ready();
});
