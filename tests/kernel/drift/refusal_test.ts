import { assertEquals } from "@std/assert";
import { engineTest, FILTERS, Lab, startServe, startSshd, syn, waitFor } from "../lab.ts";

/** Where the tarpit listens: only what was led there gets in. */
const TARPIT_PORT = 61023;

engineTest(
  "closed ports answer as the machine's own rules have them, also when those change",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    const { server, attacker } = lab;
    await startSshd(server);
    const serve = await startServe(server, { engine });
    const kind = engine === "iptables-legacy" ? "-legacy" : "";
    const answer = async (address: string): Promise<string> =>
      await syn(attacker, address, TARPIT_PORT);
    const answers = async (expected: string): Promise<void> => {
      for (const address of [server.address4, server.address6]) {
        await waitFor(async () => await answer(address) === expected, { what: `${expected} port` });
      }
    };
    await answers("closed");
    for (const [policy, expected] of [["DROP", "filtered"], ["ACCEPT", "closed"]] as const) {
      for (const tool of [`iptables${kind}`, `ip6tables${kind}`]) {
        await server.must(tool, ["-P", "INPUT", policy]);
      }
      await answers(expected);
    }
    assertEquals(serve.events("firewall_drift"), []);
  },
  FILTERS,
);
