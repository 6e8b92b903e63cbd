import { minuteAt, minuteStart } from "../schedule/minute.ts";
import type { Host } from "../os/host.ts";
import { PrivateNetwork } from "../os/private_network.ts";
import { Stage } from "./stage.ts";
import { Story } from "./story.ts";
import { MACHINES, prepare, variables } from "./world.ts";

/** Time from the start of the story to the change of minute without pauses for reading, in milliseconds. */
const BEFORE_CHANGE_MS = 26_000;

/** Seconds of a ban: long enough to be seen, and short enough to be seen running out. */
const BAN_SECONDS = { fast: 12, told: 20 };
/** And longer than the scan goes on after it, which takes our own probe that much more. */
const MORE_SECONDS = 30;

/**
 * Tells the whole story, on machines that exist for it alone.
 *
 * @param settings the names of the variables that would change the server of the story
 * @param fast start just before the end of a minute, without pauses for reading
 * @throws {Failure} if the kernel does not allow such machines, or the signal ended the story
 */
export async function demo(
  host: Host,
  fast: boolean,
  settings: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { clock } = host;
  const own = variables(host.env("HOME"), settings);
  await using network = await PrivateNetwork.create(MACHINES, own);
  const props = await prepare(network);
  const stage = new Stage(network, host, signal, fast);
  await stage.say(
    "Three machines: server, user and attacker, each a network namespace of this one.",
    "All commands, their output and the clock are real. Nothing outside is touched.",
    "Ctrl-C stops the demo.",
  );
  if (fast) {
    const end = minuteStart(minuteAt(clock.now()) + 1);
    const start = end - BEFORE_CHANGE_MS;
    await stage.waitUntil(
      start < clock.now() ? start + 60_000 : start,
      "the minute is nearly over, where the demo starts",
    );
  }
  const banSeconds = (fast ? BAN_SECONDS.fast : BAN_SECONDS.told) + (props.nmap ? 0 : MORE_SECONDS);
  await new Story({ stage, props, clock, banSeconds }).tell();
}
