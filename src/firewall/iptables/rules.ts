/** What a packet must be for a rule to apply. */
export type Match =
  /** It came in through a network, not over loopback. */
  | { readonly is: "outside" }
  /** It asks for a TCP connection, or it does not. */
  | { readonly is: "syn" | "not syn" }
  /** It is a datagram. Ports are those of TCP unless this is said. */
  | { readonly is: "udp" }
  /** No answer to it, or to what came before it on the same way, was seen yet. */
  | { readonly is: "unanswered" }
  /** Its connection was not redirected, and the other side was not heard yet. */
  | { readonly is: "uninvited" }
  /** It acknowledges something and does not reset. */
  | { readonly is: "acknowledging" }
  /** It is for this machine itself, or claims to come from it. */
  | { readonly is: "to this machine" | "from this machine" }
  | { readonly is: "from network" | "to network"; readonly network: string }
  | {
    readonly is: "in" | "not in";
    readonly set: string;
    readonly key: "src" | "dst" | "src,dst" | "dst,dst";
  }
  | { readonly is: "to port"; readonly ports: readonly number[] }
  /** The kernel's clock, in unix seconds: from (or the beginning of time) until (or for ever), half-open. */
  | { readonly is: "during"; readonly from: number | null; readonly until: number | null }
  /** Something listens on its port, as the kernel looks it up at this packet. */
  | { readonly is: "listened for" }
  /** A connection of its own has a socket here; a listener on all addresses is none. */
  | { readonly is: "with a socket" }
  /** The same, and no listener is one: the kernel found the socket before any rule of INPUT was asked. */
  | { readonly is: "with a connection" }
  /** Its connection was redirected when it began; with a port, to that one. */
  | { readonly is: "redirected"; readonly to?: number }
  /** Both sides of its connection have been heard. */
  | { readonly is: "established" };

/** What then happens to it. */
export type Verdict =
  | { readonly do: "accept" | "drop" | "refuse" | "return" }
  | { readonly do: "jump" | "goto"; readonly chain: string }
  /** The connection goes to another port of the same address. */
  | { readonly do: "redirect"; readonly port: number }
  /** Note the packet in a set, for some seconds, and go on. */
  | {
    readonly do: "add";
    readonly set: string;
    readonly key: "src" | "dst" | "src,dst";
    readonly seconds: number;
    /** Leave an entry that is there as it is. */
    readonly once?: true;
  }
  /** Take it out of a set, and go on. */
  | { readonly do: "remove"; readonly set: string; readonly key: "src" | "src,dst" };

/** One rule of a chain. */
export interface Rule {
  readonly when: readonly Match[];
  readonly then: Verdict;
}

/** Where the one jump into a chain of ours stands among the rules of others. */
export type Place =
  | "first"
  | "last"
  /** Behind all rules about sources, before the one that denies whatever is left. */
  | "before the denial";

/** The jump into a chain of ours from one that the kernel itself calls. */
export interface Hook {
  readonly chain: "PREROUTING" | "INPUT";
  readonly place: Place;
  readonly when: readonly Match[];
}

/** The tables of iptables. */
export type Table = "raw" | "mangle" | "nat" | "filter";

/** A chain of C3PO's own. */
export interface Chain {
  readonly table: Table;
  readonly name: string;
  readonly hook?: Hook;
  readonly rules: readonly Rule[];
}

/** Writes a rule that always applies. */
export function always(then: Verdict): Rule {
  return { when: [], then };
}
