import type { Family } from "../address.ts";
import type { SetSpec } from "./sets.ts";

/** What a packet must be for a rule to apply. */
export type Match =
  /** It came in through a network, not over loopback. */
  | { readonly is: "outside" }
  /** It opens a TCP connection. */
  | { readonly is: "syn" }
  /** It is for this machine itself, not for one behind it. */
  | { readonly is: "local" }
  | { readonly is: "in" | "not in"; readonly set: string; readonly key: "src" | "dst" }
  | { readonly is: "to port"; readonly ports: readonly number[] }
  /** Its connection was redirected when it began. */
  | { readonly is: "redirected" };

/** What then happens to it. */
export type Verdict =
  | { readonly do: "accept" | "drop" | "refuse" | "return" }
  | { readonly do: "jump"; readonly chain: string }
  /** The connection goes to another port of the same address. */
  | { readonly do: "redirect"; readonly port: number }
  /** Note the packet in a set, for some seconds, and go on. */
  | {
    readonly do: "add";
    readonly set: string;
    readonly key: "src" | "dst" | "src,dst";
    readonly seconds: number;
  };

/** One rule of a chain. */
export interface Rule {
  readonly when: readonly Match[];
  readonly then: Verdict;
}

/** A chain of C3PO's own; with a hook, the one jump that leads into it. */
export interface Chain {
  readonly table: "raw" | "nat" | "filter";
  readonly name: string;
  readonly hook?: { readonly chain: "PREROUTING" | "INPUT"; readonly when: readonly Match[] };
  readonly rules: readonly Rule[];
}

/** All that the kernel is told once: the rules never change while the sets do. */
export interface FirewallPlan {
  readonly sets: readonly SetSpec[];
  readonly chains: ReadonlyMap<Family, readonly Chain[]>;
}
