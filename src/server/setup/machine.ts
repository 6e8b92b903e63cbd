import type { Finding } from "../../os/finding.ts";

/** What systemd knows of the service; `none` where there is no systemd. */
export type ServiceState = "running" | "stopped" | "unknown" | "none";

/** What a trial says while it runs. */
export type TrialNews =
  /** sshd's own port is hidden, and C3PO's ports are open. */
  | { readonly kind: "open" }
  /** How much time is left, such as `9m`. */
  | { readonly kind: "left"; readonly time: string }
  /** Something to look at; a sentence. */
  | { readonly kind: "warning"; readonly text: string };

/** The machine that is set up, as far as the steps change it or look at it. */
export interface SetupMachine {
  /** The port sshd listens on. */
  sshPort(): Promise<number>;
  /**
   * What there is of a key, in a few words.
   *
   * @returns null if there is none
   * @throws {Failure} if there is one that cannot be used
   */
  key(): Promise<string | null>;
  /** The file that a new key belongs in. */
  keyFile(): Promise<string>;
  /** Makes the key. @returns what it is, in a few words */
  makeKey(): Promise<string>;
  /** What `c3po check` finds. */
  findings(): Promise<readonly Finding[]>;
  /** How a client reaches this machine by plain SSH: the words behind `ssh`. */
  clientAddress(): Promise<readonly string[]>;
  /** Whether root's commands need sudo for a user who logs in. */
  hasSudo(): Promise<boolean>;
  /** The process of the `serve` that runs; null if none does. */
  serving(): Promise<number | null>;
  /** Whether a trial with the same key and settings has been passed. */
  hasPassed(): Promise<boolean>;
  /**
   * Serves until a login, and then no longer; remembers that the trial was passed.
   *
   * @param seconds how long it waits for a login
   * @param signal ends it early
   * @returns where the login came from; null if it was ended early
   * @throws {Failure} if it does not start, or was rolled back
   */
  runTrial(
    seconds: number,
    tell: (news: TrialNews) => void,
    signal: AbortSignal,
  ): Promise<string | null>;
  /** What systemd knows of the service. */
  service(): Promise<ServiceState>;
  /**
   * Has the service start now and at each boot.
   *
   * @throws {Failure} if it does not
   */
  startService(): Promise<void>;
  /** The command that serves, for an init system of another kind. */
  serveCommand(): string;
}
