import { type Address, networksOf, parseAddress, parseBanned } from "../../os/address.ts";
import { type Door, horizonOf, openAt, type Window } from "../../schedule/windows.ts";
import { tcpServices, udpServices } from "../access.ts";
import type { Touch } from "../firewall.ts";
import type { Policy, Service } from "../policy.ts";
import type { Answer, Attempt, Datagram, DatagramAnswer } from "./attempt.ts";
import { contains, unbannable } from "./networks.ts";
import { KernelTables, type Rules, type Sets } from "./tables.ts";

/**
 * A packet filter as the kernel is one: it outlives the engine that loads it, judges each packet by
 * its own clock, and obeys other tools, too. The services and the tarpit of a policy count as running.
 */
export class MemoryKernel extends KernelTables {
  /** Whose a door is, by its port, and until when, in unix milliseconds. */
  readonly #claims = new Map<number, { readonly source: string; readonly until: number }>();
  /** Flows of datagrams that were answered, by both ends. They outlive windows and bans. */
  readonly #flows = new Map<string, DatagramAnswer>();

  /**
   * Sends a SYN, and completes the handshake unless told otherwise.
   *
   * @param source whom the packet claims to be from
   * @returns what the source address sees
   */
  connect(source: string, port: number, attempt: Attempt = {}): Answer {
    const { complete = true, way = "network", packet = "syn" } = attempt;
    const from = parseAddress(source);
    const rules = this.rules.get(from.family);
    if (way === "forwarded") return "listener";
    if (packet === "ack") return "refused";
    if (attempt.to !== undefined && ![...this.routed].some((each) => contains(each, attempt.to!))) {
      return "silence";
    }
    if (way === "loopback" || rules === undefined) return this.#socket(port);
    const { policy } = rules;
    const isAllowed = this.#isAllowed(from);
    const isBannedHere = !isAllowed && this.#setsOf(from).bans.has(unitOf(from));
    if (isBannedHere && policy.scope === "all") return "silence";
    const isBanned = isBannedHere || (!isAllowed && this.#isUnwelcome(from, policy));
    if (attempt.to !== undefined) {
      return isBanned ? "silence" : this.#atAddress(attempt.to, from, port, complete, rules);
    }
    if (this.forwarded.has(port)) return "listener";
    // A banned address meets this machine as if C3PO had opened nothing.
    if (isBanned) return this.#direct(port, rules, isBanned);
    const windows = openAt(rules.windows, this.now() / 1000);
    const service = doorAt(windows, port, from, tcpServices(policy));
    if (service !== undefined) {
      if (!this.#claim(from, port, policy)) return this.#socket(port);
      const answer = this.#enter(service, from, policy);
      if (complete && answer !== "silence") note(this.arrivals, { source: from, port });
      return answer;
    }
    const isTrap = windows.some(({ traps }) => traps.includes(port));
    if (!isTrap || this.#isTaken(port, policy)) return this.#direct(port, rules, isBanned, from);
    if (!isAllowed && !this.#isNobody(from)) this.#touch(from, port, complete, policy);
    return this.#isDenying(policy) ? "silence" : "tarpit";
  }

  /**
   * Sends a datagram to a service over UDP, which answers it.
   *
   * @param source whom it claims to be from
   */
  send(source: string, port: number, datagram: Datagram): DatagramAnswer {
    const { sourcePort, isAnswered = true, to } = datagram;
    if (to !== undefined) return "nothing";
    const from = parseAddress(source);
    const rules = this.rules.get(from.family);
    const flow = `${from.text} ${sourcePort} ${port}`;
    const known = this.#flows.get(flow);
    if (known !== undefined) return isAnswered ? known : "nothing";
    if (rules === undefined) return "nothing";
    const { policy, windows } = rules;
    const isShutOut = this.#setsOf(from).bans.has(unitOf(from)) ||
      this.#isUnwelcome(from, policy);
    if (isShutOut && !this.#isAllowed(from)) return "nothing";
    if (this.receivers.has(port)) return isAnswered ? "listener" : "nothing";
    const services = udpServices(policy);
    const service = doorAt(openAt(windows, this.now() / 1000), port, from, services) ??
      services.find((each) => each.port === port && !each.hidden);
    if (service === undefined || this.#isDenying(policy) || !isAnswered) return "nothing";
    this.#flows.set(flow, `service ${service.name}`);
    return `service ${service.name}`;
  }

  /** Nothing answers in the network of a door but the doors that have an address there, and nothing bans. */
  #atAddress(
    to: string,
    from: Address,
    port: number,
    complete: boolean,
    { policy, windows }: Rules,
  ): Answer {
    const { text } = parseAddress(to);
    const doors = openAt(windows, this.now() / 1000)
      .flatMap(({ addressDoors = [] }) => addressDoors.filter(({ address }) => address === text));
    const service = doorOf(doors, port, from, tcpServices(policy));
    if (service === undefined || !this.#claim(from, port, policy)) return "silence";
    const answer = this.#enter(service, from, policy);
    if (complete && answer !== "silence") note(this.arrivals, { source: from, port });
    return answer;
  }

  /** Whether a stranger is of a network that is banned whole, or was reported by other servers. */
  #isUnwelcome(source: Address, { shares }: Policy): boolean {
    const { networks, shared, trusted } = this.#setsOf(source);
    if (trusted.has(unitOf(source))) return false;
    return (shares && shared.has(unitOf(source))) ||
      networksOf(source).some(({ text }) => networks.has(text));
  }

  #touch(source: Address, port: number, complete: boolean, policy: Policy): void {
    note(this.hits, { source, port });
    const { bans, trusted } = this.#setsOf(source);
    const unit = unitOf(source);
    const isTrusted = trusted.has(unit);
    // What denies by default keeps the rest of the handshake from the tarpit.
    const isCompleted = complete && !this.#isDenying(policy);
    if (isCompleted) this.confirmed.set(source.text, source);
    const isBanned = isCompleted || (policy.trigger === "syn" && !isTrusted);
    if (isBanned) bans.add(unit, policy.banSeconds);
  }

  /** Whether a door is that of a source, which it becomes if it is no one's. */
  #claim({ text }: Address, port: number, { claimSeconds }: Policy): boolean {
    if (claimSeconds === undefined) return true;
    const now = this.now();
    const claim = this.#claims.get(port);
    if (claim !== undefined && now < claim.until) return claim.source === text;
    this.#claims.set(port, { source: text, until: now + claimSeconds * 1000 });
    return true;
  }

  /** What came through a door goes on to the service, as far as others let it. */
  #enter(service: Service, source: Address, policy: Policy): Answer {
    if (this.#isDenying(policy) || this.#isDenied(source)) return "silence";
    return `service ${service.name}`;
  }

  /** What comes to a port that is neither door nor trap now. */
  #direct(port: number, { policy, windows }: Rules, isBanned: boolean, from?: Address): Answer {
    if (port === policy.tarpitPort) return "refused";
    const service = tcpServices(policy).find((each) => each.port === port);
    if (service === undefined) return this.#socket(port);
    const isHidden = service.hidden &&
      (service.fail === "closed" || this.now() / 1000 < horizonOf(windows));
    const isShut = isBanned || isHidden || (from !== undefined && this.#isDenied(from));
    return isShut ? "silence" : this.#socket(port);
  }

  /** Whether the address is invalid as a source, or this machine's own. */
  #isNobody(source: Address): boolean {
    return this.own.includes(source.text) || unbannable(parseBanned(source.text)) !== null;
  }

  /** Whether something listens there that no trap may hide; a service's own port can be a trap. */
  #isTaken(port: number, policy: Policy): boolean {
    return this.sockets.has(port) && tcpServices(policy).every((each) => each.port !== port);
  }

  #socket(port: number): Answer {
    return this.sockets.get(port) ?? this.served.get(port) ?? "refused";
  }

  #isDenying(policy: Policy): boolean {
    return this.obstacles.length > 0 && !policy.openFirewall;
  }

  #isDenied(source: Address): boolean {
    return this.denied.some((network) => contains(network, source.text));
  }

  #isAllowed(source: Address): boolean {
    const { allowed } = this.#setsOf(source);
    return [...allowed.keys()].some((network) => contains(network, source.text));
  }

  #setsOf({ family }: Address): Sets {
    return this.sets.get(family)!;
  }
}

function unitOf(source: Address): string {
  return parseBanned(source.text).text;
}

/** Which of some services a port leads a source to. */
function doorAt(
  windows: readonly Window[],
  port: number,
  source: Address,
  services: readonly Service[],
): Service | undefined {
  return doorOf(windows.flatMap(({ doors }) => doors), port, source, services);
}

function doorOf(
  doors: readonly Omit<Door, "proto">[],
  port: number,
  source: Address,
  services: readonly Service[],
): Service | undefined {
  const open = doors.filter((each) =>
    each.port === port &&
    (each.from?.some((network) => contains(network.text, source.text)) ?? true)
  );
  return services.find(({ name }) => open.some(({ service }) => service === name));
}

function note(notes: Map<string, Touch>, touch: Touch): void {
  notes.set(`${touch.source.text} ${touch.port}`, touch);
}
