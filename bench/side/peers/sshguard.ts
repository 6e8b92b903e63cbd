import { join } from "@std/path";
import { waitFor } from "../../../tests/kernel/lab.ts";
import { type Peer, withFile } from "./peer.ts";

const CONFIG = "/etc/sshguard/sshguard.conf";

/** Bans by sshd's log, in C. */
export const sshguard: Peer = {
  name: "sshguard",
  setting: "Debian's settings: an attack score of 30, nft sets",
  packages: ["sshguard", "nftables", "libnftables1"],
  async start(server, log) {
    const file = join(server.directory, "sshguard.conf");
    const text = await Deno.readTextFile(CONFIG);
    await Deno.writeTextFile(file, text.replace(/^LOGREADER=.*$/m, `FILES="${log}"`));
    const child = withFile(server, CONFIG, file, "exec sshguard");
    await waitFor(
      async () => (await server.must("nft", ["list", "ruleset"])).includes("sshguard"),
      {
        deadlineMs: 10_000,
        everyMs: 2,
        what: `table of sshguard: ${child.text()}`,
      },
    );
    return {
      pid: child.pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "logins", count: 3 },
    };
  },
};
