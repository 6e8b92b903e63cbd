import { minuteAt, minuteStart } from "../core/minute.ts";
import type { Host } from "../host/host.ts";
import { PrivateNetwork } from "../host/private_network.ts";
import { Stage } from "./stage.ts";
import { Story } from "./story.ts";
import { MACHINES, prepare, variables } from "./world.ts";

/** How long the story takes up to the change of minute if nobody needs time to read, in milliseconds. */
const BEFORE_CHANGE_MS = 26_000;

/** Seconds of a ban: long enough to be seen, and short enough to be seen running out. */
const BAN_SECONDS = { fast: 12, told: 20 };

/**
 * Tells the whole story, on machines that exist for it alone.
 *
 * @param fast start just before the end of a minute, and give nobody time to read
 * @throws {Failure} if the kernel does not allow such machines, or the signal ended the story
 */
export async function demo(host: Host, fast: boolean, signal: AbortSignal): Promise<void> {
  const { clock } = host;
  await using network = await PrivateNetwork.create(MACHINES, variables(host.env("HOME")));
  const props = await prepare(network);
  const stage = new Stage(network, host, signal, fast);
  await stage.say(
    "Three machines, server, user and attacker, made of this one's network namespaces.",
    "Every command and every answer is real. Nothing outside is touched; Ctrl-C ends it.",
    "The clock is the true one too.",
  );
  if (fast) {
    const end = minuteStart(minuteAt(clock.now()) + 1);
    const start = end - BEFORE_CHANGE_MS;
    await stage.waitUntil(
      start < clock.now() ? start + 60_000 : start,
      "the minute is nearly over: there it begins",
    );
  }
  const banSeconds = fast ? BAN_SECONDS.fast : BAN_SECONDS.told;
  await new Story({ stage, props, clock, banSeconds }).tell();
}
