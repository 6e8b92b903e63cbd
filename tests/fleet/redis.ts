import { runOk } from "./tools.ts";

/** How a Redis server is set up. */
export interface RedisSetting {
  /** Ports are those of loopback; another address where it runs in a namespace. */
  readonly bind?: string;
  /** Members, for whom there are users of the same name. */
  readonly members: readonly string[];
  /** A prefix such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
  /** The store that this one is a replica of, in the same place. */
  readonly primary?: Redis;
}

/** A real `redis-server` with TLS and users, as docs/FLEET.md sets it up. */
export class Redis implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #setting: RedisSetting;
  #child: Deno.ChildProcess | null = null;

  private constructor(folder: string, port: number, setting: RedisSetting) {
    this.folder = folder;
    this.port = port;
    this.#setting = setting;
  }

  /** Makes certificates and users, and starts it. */
  static async start(setting: RedisSetting): Promise<Redis> {
    const folder = await Deno.makeTempDir({ prefix: "c3po-redis-" });
    const { bind = "127.0.0.1", members, primary } = setting;
    if (primary === undefined) await certificates(folder, bind);
    else await runOk(["cp", ...CERTIFICATES.map((name) => `${primary.folder}/${name}`), folder]);
    const users = members.map((name) =>
      `user ${name} on >${passwordOf(name)} resetkeys ~c3po:bans resetchannels -@all ${RIGHTS}`
    );
    await Deno.writeTextFile(
      `${folder}/users.acl`,
      ["user default off", ...users, "user root on >root ~* &* +@all", ""].join("\n"),
      { mode: 0o600 },
    );
    const redis = new Redis(folder, freePort(), setting);
    await redis.run();
    return redis;
  }

  /** The store, as `[share]` names it. */
  get url(): string {
    return `rediss://${this.#setting.bind ?? "127.0.0.1"}:${this.port}`;
  }

  /** The certificate by which the store's own is verified. */
  async ca(): Promise<string> {
    return await Deno.readTextFile(`${this.folder}/ca.pem`);
  }

  /** Starts it, with nothing in it, and waits until it answers. */
  async run(): Promise<void> {
    const { bind = "127.0.0.1", within = [], primary } = this.#setting;
    const file = (name: string): string => `${this.folder}/${name}`;
    const replicaOf = primary === undefined ? [] : [
      ...["--replicaof", bind, String(primary.port), "--tls-replication", "yes"],
      ...["--masteruser", "root", "--masterauth", "root"],
    ];
    const [program, ...args] = [...within, "redis-server"];
    this.#child = new Deno.Command(program!, {
      args: [
        ...args,
        ...["--port", "0", "--tls-port", String(this.port), "--bind", bind],
        ...["--tls-cert-file", file("store.pem"), "--tls-key-file", file("store.key")],
        ...["--tls-ca-cert-file", file("ca.pem"), "--tls-auth-clients", "no"],
        ...["--aclfile", file("users.acl"), "--save", "", "--appendonly", "no"],
        ...["--dir", this.folder, ...replicaOf],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (let tries = 0; tries < 200; tries++) {
      if (await this.ask("ping").catch(() => "") === "PONG") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("redis-server does not answer");
  }

  /** Ends it; what it had is gone. */
  async stop(): Promise<void> {
    if (this.#child === null) return;
    this.signal("SIGCONT");
    this.#child.kill("SIGKILL");
    await this.#child.status;
    this.#child = null;
  }

  /** Sends it a signal, such as SIGSTOP. */
  signal(name: Deno.Signal): void {
    this.#child?.kill(name);
  }

  /** What `redis-cli` answers to the administrator of the store, or to a member. */
  async ask(...words: string[]): Promise<string> {
    return await this.askAs("root", ...words);
  }

  /** The same for one user. */
  async askAs(user: string, ...words: string[]): Promise<string> {
    const { bind = "127.0.0.1", within = [] } = this.#setting;
    const password = user === "root" ? "root" : passwordOf(user);
    return (await runOk([
      ...within,
      ...["redis-cli", "--tls", "--cacert", `${this.folder}/ca.pem`],
      ...["-h", bind, "-p", String(this.port), "--no-auth-warning", "--user", user],
      ...["--pass", password, ...words],
    ])).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const CERTIFICATES = ["ca.pem", "store.pem", "store.key"];

/** What a member may do, and no more; docs/FLEET.md has the same words. */
export const RIGHTS =
  "+xadd +xread +xrange +xinfo|stream +time +ping +hello +auth +client|setname +client|id";

/** The password of a member. */
export function passwordOf(member: string): string {
  return `the password of ${member}`.replaceAll(" ", "-");
}

/** A certificate of an authority of its own, for an address. */
async function certificates(folder: string, address: string): Promise<void> {
  const file = (name: string): string => `${folder}/${name}`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await runOk([
    ...["openssl", "req", "-x509", ...key, "-days", "2", "-subj", "/CN=test authority"],
    ...["-keyout", file("ca.key"), "-out", file("ca.pem")],
  ]);
  await runOk([
    ...["openssl", "req", ...key, "-subj", "/CN=store"],
    ...["-keyout", file("store.key"), "-out", file("store.csr")],
  ]);
  await Deno.writeTextFile(file("san"), `subjectAltName=IP:${address}\n`);
  await runOk([
    ...["openssl", "x509", "-req", "-in", file("store.csr"), "-days", "2"],
    ...["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"],
    ...["-extfile", file("san"), "-out", file("store.pem")],
  ]);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
