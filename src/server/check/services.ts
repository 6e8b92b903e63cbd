import type { Finding } from "../../os/finding.ts";
import { datagramPorts, listeningPorts } from "../../os/sockets.ts";
import type { Checkup } from "./checkup.ts";

/** Services that let any client do anything unless a password was set. */
const OPEN_BY_DEFAULT: ReadonlyMap<number, string> = new Map([
  [2375, "Docker's API"],
  [6379, "Redis"],
  [9200, "Elasticsearch"],
  [11_211, "memcached"],
  [27_017, "MongoDB"],
]);

/** The services beside sshd, to which the ports of their users lead. */
export async function serviceFindings({ config }: Checkup): Promise<Finding[]> {
  const { system, ordinary } = await listeningPorts();
  const connected = system.union(ordinary);
  const datagrams = await datagramPorts();
  return config.services.flatMap(({ name, port, hidden, proto = "tcp" }): Finding[] => {
    const what = `service ${name}`;
    const findings: Finding[] = [];
    const isUdp = proto === "udp";
    if (!(isUdp ? datagrams : connected).has(port)) {
      const found = isUdp
        ? `nothing listens on UDP port ${port} for outside datagrams`
        : `nothing listens on port ${port} for outside connections`;
      const todo = "start it, and have it listen on an address that is not 127.0.0.1";
      findings.push({ grade: "warn", what, found, todo });
    }
    const weak = isUdp ? undefined : OPEN_BY_DEFAULT.get(port);
    if (weak !== undefined) {
      const found = `port ${port} is ${weak}, which may ask for no password`;
      const todo = "give it one: anyone who watches the network learns the port of the minute";
      findings.push({ grade: "warn", what, found, todo });
    }
    if (findings.length > 0) return findings;
    const where = isUdp ? `UDP port ${port}` : `port ${port}`;
    return [{ grade: "ok", what, found: `listens on ${where}${hidden ? ", hidden" : ""}` }];
  });
}
