import { SSH_SERVICE } from "../schedule/derivation.ts";
import { isReal } from "../schedule/odds.ts";
import type { Door } from "../schedule/windows.ts";
import { greeting } from "./tarpit_policy.ts";

/** How a connection to a trap is spoken to. */
export interface Voice {
  /** What is said first; empty where the client speaks first. */
  readonly first: Uint8Array;
  /** Whether more bytes follow, one now and then. */
  readonly drips: boolean;
}

/** What the voices are taken from. */
export interface VoiceSources {
  /** What sshd says first. */
  readonly banner: { readonly line: string };
  /** What another service says first, by its name; empty where it is silent, or not known yet. */
  readonly greeting: (service: string) => Uint8Array;
  /** The doors that are open now. */
  readonly doors: () => readonly Door[];
  /** A number from 0 to below 1. */
  readonly random: () => number;
}

/**
 * Has the traps speak as the services do, in their proportion: if two ports in three lead to a database that
 * waits for its client, so do two traps in three. The first byte of a port then tells nothing of what it is.
 */
export class Voices {
  readonly #sources: VoiceSources;

  constructor(sources: VoiceSources) {
    this.#sources = sources;
  }

  /** How the next connection is spoken to. */
  next(): Voice {
    const { banner, greeting: greetingOf, doors, random } = this.#sources;
    const ports = new Map(doors().filter(isReal).map(({ port, service }) => [port, service]));
    const services = [...ports.values()];
    const service = services[Math.floor(random() * services.length)] ?? SSH_SERVICE;
    if (service === SSH_SERVICE) return { first: greeting(banner.line), drips: true };
    // What goes on beyond a greeting would not be what the service says.
    return { first: greetingOf(service), drips: false };
  }
}
