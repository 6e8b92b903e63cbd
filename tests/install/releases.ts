/** A server of releases on loopback, and a place to install them to. */
import { dirname, join } from "@std/path";
import { CHECKOUT, must, run, type RunResult } from "../kernel/lab.ts";

const ARCHIVE = `c3po-linux-${Deno.build.arch}.tar.gz`;

/** What `install.sh` asks the server for, and what it gets. */
export type Answers = Map<string, Uint8Array<ArrayBuffer> | (() => Response)>;

/** The program of a release that is not the real one: a script that tells its version. */
export function script(version: string): string {
  return `#!/bin/sh\necho "c3po ${version}"\n`;
}

/** A folder to install to, a server to install from, and a copy of install.sh outside a checkout. */
export class Scene implements AsyncDisposable {
  readonly answers: Answers = new Map();
  /** Every path that was asked for. */
  readonly asked: string[] = [];
  readonly prefix: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(readonly directory: string) {
    this.prefix = join(directory, "prefix");
    const server = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(server, (request) => {
      const path = new URL(request.url).pathname;
      this.asked.push(path);
      const answer = this.answers.get(path);
      if (answer === undefined) return new Response("there is no such file", { status: 404 });
      return typeof answer === "function" ? answer() : new Response(answer);
    });
  }

  static async create(): Promise<Scene> {
    const scene = new Scene(await Deno.makeTempDir({ prefix: "c3po-release-" }));
    await Deno.chmod(scene.directory, 0o755);
    return scene;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /**
   * Publishes a release with a program and a service.
   *
   * @param program the text or the file of its program
   * @param sums what stands in SHA256SUMS, made from what should
   */
  async publish(
    version: string,
    program: string | URL,
    sums: (right: string) => string = (right) => right,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const tree = await Deno.makeTempDir({ dir: this.directory });
    await put(join(tree, "bin/c3po"), program);
    const unit = "lib/systemd/system/c3po.service";
    await put(join(tree, unit), new URL(`file://${CHECKOUT}c3po.service`));
    await must("tar", ["-czf", `${tree}.tar.gz`, "-C", tree, "."]);
    return await this.serve(version, await Deno.readFile(`${tree}.tar.gz`), sums);
  }

  /** Serves an archive as a release, and as the latest. */
  async serve(
    version: string,
    archive: Uint8Array<ArrayBuffer>,
    sums: (right: string) => string = (right) => right,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", archive)).toHex();
    for (const folder of [`/download/v${version}`, "/latest/download"]) {
      this.answers.set(
        `${folder}/SHA256SUMS`,
        new TextEncoder().encode(sums(`${sum}  ${ARCHIVE}\n`)),
      );
      this.answers.set(`${folder}/${ARCHIVE}`, archive);
    }
    return archive;
  }

  /** The path under which the archive of the latest release is served. */
  get latest(): string {
    return `/latest/download/${ARCHIVE}`;
  }

  /** The path under which its checksums are served. */
  get sums(): string {
    return "/latest/download/SHA256SUMS";
  }

  /** Runs install.sh as `curl … | sh` does. */
  async install(env: Record<string, string> = {}, text?: string): Promise<RunResult> {
    const stdin = text ?? await Deno.readTextFile(join(CHECKOUT, "install.sh"));
    return await run("sh", [], { stdin, cwd: this.directory, env: this.environment(env) });
  }

  async uninstall(): Promise<RunResult> {
    const args = [join(CHECKOUT, "install.sh"), "--uninstall"];
    return await run("sh", args, { env: this.environment({}) });
  }

  environment(env: Record<string, string>): Record<string, string> {
    return { C3PO_BASE_URL: this.url, C3PO_INSTALL_DIR: this.prefix, HOME: this.directory, ...env };
  }

  /** What the installed program says of itself; null if there is none. */
  async version(): Promise<string | null> {
    const program = join(this.prefix, "bin/c3po");
    if (!await Deno.stat(program).then(() => true, () => false)) return null;
    return (await must(program, ["--version"])).trim();
  }

  /** Every file below the prefix, but not the prefix itself. */
  async files(): Promise<string[]> {
    const { stdout } = await run("find", [this.prefix, "-type", "f", "-printf", "%P\n"]);
    return stdout.split("\n").filter((file) => file !== "").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function put(path: string, content: string | URL): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  if (typeof content === "string") await Deno.writeTextFile(path, content);
  else await Deno.copyFile(content, path);
  await Deno.chmod(path, 0o755);
}
