import { waitFor } from "../../../tests/kernel/lab.ts";
import type { Peer } from "./peer.ts";

/** A tarpit on port 22, sshd on another fixed port. */
export const endlessh: Peer = {
  name: "endlessh",
  setting: "the tarpit on port 2222",
  packages: ["endlessh"],
  async start(server) {
    const child = server.spawn("endlessh", ["-p", "2222"]);
    await waitFor(async () => (await server.must("ss", ["-Htln"])).includes(":2222 "), {
      deadlineMs: 10_000,
      everyMs: 2,
      what: `endlessh: ${child.text()}`,
    });
    return {
      pid: child.pid,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "connect", port: () => Promise.resolve(2222) },
    };
  },
};
