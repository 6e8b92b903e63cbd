import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Repeatable chance: the same seed gives the same numbers on every machine. */
export class Random {
  /** How many numbers {@linkcode below} has drawn: one for each probe of a simulated scan. */
  drawn = 0;
  readonly #source;

  /** @param seed a whole number of 32 bits */
  constructor(seed: number) {
    this.#source = xoroshiro128plus(seed);
    // Seeds that differ in few bits begin alike; far down the sequence they do not.
    this.#source.jump();
  }

  /** A fraction from 0 up to, but never, 1. */
  fraction(): number {
    return (this.#source.next() >>> 0) / 2 ** 32;
  }

  /**
   * A whole number from 0 to below `n`. Some of them come up more often than others by at most
   * `n / 2^32`: for ports 1 in 65,000, far below what any simulation here can tell.
   */
  below(n: number): number {
    this.drawn++;
    return Math.floor(this.fraction() * n);
  }

  /** Bytes for a key. Repeatable, so for nothing that has to be kept secret. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => Math.floor(this.fraction() * 256));
  }
}

/**
 * The ports of a range in an order that is random each time, made as it is walked: a scan that ends
 * early costs no more than the probes it sent.
 */
export class RandomOrder {
  readonly #ports: Uint16Array;
  readonly #random: Random;

  /** @param low the first port of `size` ports */
  constructor(low: number, size: number, random: Random) {
    this.#ports = Uint16Array.from({ length: size }, (_, i) => low + i);
    this.#random = random;
  }

  /**
   * The port at a place of the order. Places are asked for one after the other; asking for place 0
   * begins another order. (A Fisher-Yates shuffle is fair whatever order it starts from.)
   */
  at(place: number): number {
    const other = place + this.#random.below(this.#ports.length - place);
    const port = this.#ports[other]!;
    this.#ports[other] = this.#ports[place]!;
    this.#ports[place] = port;
    return port;
  }
}
