/*
 * Where to find what: src/commands/table.ts lists the commands. `serve` is src/server/daemon.ts; the line
 * that opens a port is in src/firewall/iptables/window_chains.ts (or src/firewall/nftables/window_rules.ts),
 * behind the interface src/firewall/firewall.ts. A new packet filter is a folder beside those, and a line in
 * src/firewall/engines.ts.
 */
import { LOGIN_COMMANDS } from "./src/cli/command.ts";

if (import.meta.main) {
  const [command = ""] = Deno.args;
  const { run } = LOGIN_COMMANDS.includes(command)
    ? await import("./src/commands/login_table.ts")
    : await import("./src/commands/table.ts");
  Deno.exit(await run(Deno.args));
}
