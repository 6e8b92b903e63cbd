import { failureOf, ToolFailure } from "../../os/tool_failure.ts";

/*
 * How the tools behind the real engines fail. Each makes a new error, for a tool that fails is counted.
 */

/** Another tool held the lock of the rules all the time. */
export function locked(): ToolFailure {
  const said =
    "Another app is currently holding the xtables lock; still 0s 0us time ahead to have a " +
    "chance to grab the lock...\nAnother app is currently holding the xtables lock. Stopped waiting " +
    "after 5s.";
  return failureOf(["iptables-restore", "--noflush", "--wait", "5"], 4, said);
}

/** The program is not there, or not any more. */
export function missing(tool = "ipset"): ToolFailure {
  const hint = `install it with the system's package manager, for example: apt-get install ${tool}`;
  return new ToolFailure(tool, null, "not found on this machine", hint, true);
}

/** It did not answer in time. */
export function stuck(tool = "ipset"): ToolFailure {
  return new ToolFailure(tool, null, "no answer within 5 s, killed");
}

/** The tool was killed, for example by the OOM killer. */
export function killed(tool = "ipset"): ToolFailure {
  return failureOf([tool, "restore"], 137, "");
}
