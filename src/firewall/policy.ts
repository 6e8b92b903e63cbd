/** Something that listens on this machine and is reached through doors. */
export interface Service {
  /** As the doors name it. */
  readonly name: string;
  /** Where it listens. */
  readonly port: number;
  /** Whether new connections from outside that did not come through a door are dropped. */
  readonly hidden: boolean;
  /** Whether its own port answers again once the last window has closed and no new one was loaded. */
  readonly fail: "open" | "closed";
  /**
   * What it speaks; TCP unless given. A service over UDP has doors and no traps, and no datagram bans: any
   * source address can be forged.
   */
  readonly proto?: "udp";
}

/** What the rules depend on, beside the windows. */
export interface Policy {
  /** Where doors lead; `ssh` first. */
  readonly services: readonly Service[];
  /** Where the tarpit listens. */
  readonly tarpitPort: number;
  /** Whether the first packet to a trap bans, or only a completed connection. */
  readonly trigger: "syn" | "handshake";
  /** What a banned address loses: services behind doors and traps, or every port of this machine. */
  readonly scope: "ssh" | "all";
  /** Seconds of the ban that the kernel makes by itself. */
  readonly banSeconds: number;
  /**
   * Let what came through a door pass an INPUT chain that denies by default, behind all its rules about
   * sources. Without it C3PO only ever takes access away.
   */
  readonly openFirewall: boolean;
  /** Whether addresses that other servers reported are shut out here: see `Firewall.banShared`. */
  readonly shares: boolean;
  /**
   * For how many seconds a door of a TCP service belongs to the first address that asks there; without it
   * any number of addresses use a door.
   */
  readonly claimSeconds?: number;
  /**
   * An IPv6 /64 that is made this machine's own. Nothing answers there but the doors that have an address in
   * it, no touch of it bans, and it is not reached over UDP.
   */
  readonly door?: string;
}
