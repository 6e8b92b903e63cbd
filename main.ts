/*
 * Where to find what: src/commands/table.ts lists the commands. `serve` is src/server/daemon.ts, which speaks
 * to the interface src/firewall/firewall.ts. Behind it, a port is opened for a minute by the last line of
 * portRules() in src/firewall/nftables/window_rules.ts, or by the rules of C3PO-OPEN in windowChains() and
 * the sets of windowSets() in src/firewall/iptables/window_chains.ts. CONTRIBUTING.md says how to add a packet
 * filter.
 */
import { LOGIN_COMMANDS } from "./src/cli/command.ts";

if (import.meta.main) {
  const [command = ""] = Deno.args;
  const { run } = LOGIN_COMMANDS.includes(command)
    ? await import("./src/commands/login_table.ts")
    : await import("./src/commands/table.ts");
  Deno.exit(await run(Deno.args));
}
