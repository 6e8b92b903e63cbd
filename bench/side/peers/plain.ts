import type { Peer } from "./peer.ts";

/** sshd with nothing before it. */
export const plain: Peer = {
  name: "sshd alone",
  setting: "port 22",
  packages: ["openssh-server"],
  start: () =>
    Promise.resolve({
      pid: null,
      sshPort: () => Promise.resolve(22),
      offence: { kind: "none" },
    }),
};
