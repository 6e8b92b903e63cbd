import { FAMILIES, type Family } from "../../../src/os/address.ts";
import { MemoryFirewall, MemoryKernel } from "../../../src/firewall/memory.ts";
import {
  type Answer,
  type Datagram,
  type DatagramAnswer,
  SERVICES,
  type Session,
  type World,
} from "./world.ts";

const SERVER: Readonly<Record<Family, string>> = { 4: "10.77.0.1", 6: "fd77::1" };

/** The world of the engine in memory: no root, no kernel, and time that passes at once. */
export class MemoryWorld implements World {
  readonly lag = 0;
  readonly #kernel: MemoryKernel;
  #firewall: MemoryFirewall;
  #now = 1_800_000_000_400;
  #strangers = 0;

  constructor() {
    this.#kernel = new MemoryKernel({ now: () => this.#now, own: Object.values(SERVER) });
    for (const [port, banner] of SERVICES) this.#kernel.listen(port, banner);
    this.#firewall = new MemoryFirewall(this.#kernel);
  }

  get firewall(): MemoryFirewall {
    return this.#firewall;
  }

  seconds(): number {
    return this.#now / 1000;
  }

  until(seconds: number): Promise<void> {
    this.#now = Math.max(this.#now, seconds * 1000);
    return Promise.resolve();
  }

  stranger(family: Family): string {
    const number = ++this.#strangers;
    return family === 4
      ? `10.78.${number >> 8}.${number & 255}`
      : `fd78:0:0:${number.toString(16)}::1`;
  }

  server(family: Family): string {
    return SERVER[family];
  }

  connect(source: string, port: number, to?: string): Promise<Answer> {
    this.#now += 1;
    return Promise.resolve(this.#kernel.connect(source, port, at(to)));
  }

  forge(source: string, port: number, to?: string): Promise<void> {
    this.#now += 1;
    this.#kernel.connect(source, port, { complete: false, ...at(to) });
    return Promise.resolve();
  }

  resume(source: string, port: number, to?: string): Promise<Answer> {
    return this.connect(source, port, to);
  }

  sendAck(source: string, port: number): Promise<"refused" | "silence"> {
    const answer = this.#kernel.connect(source, port, { packet: "ack" });
    if (answer !== "refused" && answer !== "silence") throw new Error(`an ACK met ${answer}`);
    return Promise.resolve(answer);
  }

  connectInside(port: number, family: Family): Promise<Answer[]> {
    const sources = [family === 4 ? "127.0.0.1" : "::1", SERVER[family]];
    const attempt = { way: "loopback" } as const;
    return Promise.resolve(sources.map((source) => this.#kernel.connect(source, port, attempt)));
  }

  connectThrough(source: string, port: number): Promise<Answer> {
    return Promise.resolve(this.#kernel.connect(source, port, { way: "forwarded" }));
  }

  send(source: string, port: number, datagram: Datagram): Promise<DatagramAnswer> {
    this.#now += 1;
    return Promise.resolve(this.#kernel.send(source, port, datagram));
  }

  async openSession(source: string, port: number): Promise<Session> {
    const answer = await this.connect(source, port);
    const isOpen = answer !== "refused" && answer !== "silence";
    // There is no tracking of connections that could be lost.
    return { isAlive: () => Promise.resolve(isOpen) };
  }

  listen(port: number): Promise<void> {
    this.#kernel.listen(port);
    return Promise.resolve();
  }

  receive(port: number): Promise<void> {
    this.#kernel.receive(port);
    return Promise.resolve();
  }

  async die(): Promise<void> {
    await this.#firewall[Symbol.asyncDispose]();
    this.#firewall = new MemoryFirewall(this.#kernel);
  }

  flush(): Promise<void> {
    this.#kernel.flushRules();
    return Promise.resolve();
  }

  deny(source: string): Promise<void> {
    this.#kernel.deny(source);
    return Promise.resolve();
  }

  denyByDefault(): Promise<void> {
    this.#kernel.obstacles.push({ what: "policy DROP of INPUT", remedy: "serve --open-firewall" });
    return Promise.resolve();
  }

  route(): Promise<void> {
    return Promise.resolve();
  }

  unroute(network: string): Promise<void> {
    this.#kernel.routed.delete(network);
    return Promise.resolve();
  }

  ping(to: string): Promise<boolean> {
    return Promise.resolve(Object.values(SERVER).includes(to)); // the kernel in memory has no such packets
  }

  forward(port: number): Promise<void> {
    this.#kernel.forwarded.add(port);
    return Promise.resolve();
  }

  listing(): Promise<string> {
    const sets = FAMILIES.map((family) => this.#kernel.sets.get(family)!).map((each) => [
      each.bans.list().map(({ text }) => text),
      each.trusted.list().map(({ text }) => text),
      [...each.allowed.keys()],
    ]);
    const { rules, routed } = this.#kernel;
    return Promise.resolve(JSON.stringify([[...rules], sets, [...routed]]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#firewall[Symbol.asyncDispose]();
  }
}

function at(to: string | undefined): { to?: string } {
  return to === undefined ? {} : { to };
}
