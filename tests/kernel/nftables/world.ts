import { fromFileUrl } from "@std/path";
import { type Child, Lab, type Namespace } from "../lab.ts";
import { Engine } from "./engine.ts";

const GREETING = fromFileUrl(new URL("./greeting.ts", import.meta.url));

/** A server with an engine, something that listens at 22, and a tarpit. */
export class NftWorld implements AsyncDisposable {
  private constructor(readonly lab: Lab, readonly engine: Engine) {}

  /** @param address where what listens at port 22 listens */
  static async create(
    { capacity, address = "::", word = "service", peers = ["user", "attacker"] }: {
      readonly capacity?: number;
      readonly address?: string;
      readonly word?: string;
      readonly peers?: string[];
    } = {},
  ): Promise<NftWorld> {
    const lab = await Lab.create({ peers });
    try {
      await listen(lab.server, address, 22, word);
      await listen(lab.server, "::", 61_023, "tarpit");
      return new NftWorld(lab, Engine.start(lab.server, capacity));
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get server(): Namespace {
    return this.lab.server;
  }

  /** What a peer meets on a port of the server. */
  async meets(peer: Namespace, port: number, family: 4 | 6 = 4): Promise<string> {
    const address = family === 4 ? this.server.address4 : this.server.address6;
    const args = ["run", "--no-prompt", "-A", GREETING, address, String(port)];
    return (await peer.must(Deno.execPath(), args)).trim();
  }

  /** Gives nft a text, on a machine. */
  async nft(text: string, machine: Namespace = this.server): Promise<string> {
    return await machine.must("nft", ["-f", "-"], { stdin: text });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.end();
    await this.lab[Symbol.asyncDispose]();
  }
}

/** Has something listen, until the laboratory is closed. */
export async function listen(
  machine: Namespace,
  address: string,
  port: number,
  word: string,
): Promise<Child> {
  const args = ["run", "--no-prompt", "-A", GREETING, "--listen", address, String(port), word];
  const child = machine.spawn(Deno.execPath(), args);
  await child.waitForLine(/^listening$/);
  return child;
}
