import { AS_OPTION, DOOR_OPTION, JSON_OPTION, KEY_OPTION, TRAPS_OPTION } from "../cli/command.ts";
import { allWork, formatFindings } from "../os/finding.ts";
import { asArgument, Misuse } from "../os/errors.ts";
import type { Reached } from "../os/reach_out.ts";
import { checkHost } from "./check_host.ts";
import { checkServer } from "./check_server.ts";
import type { Command, Option } from "../cli/command.ts";

const PROBE_OPTION: Option = {
  name: "probe",
  text: "also try the rules of the running serve with real connections (root)",
};

const CONNECT_OPTION: Option = {
  name: "connect",
  value: "ADDR:PORT",
  text: "only connect to this port, and print as JSON what answers",
  many: true,
};

/** `c3po check`: what is wrong, and what to do about it. */
export const check: Command = {
  name: "check",
  summary: "look for problems on this server, or with the connection to HOST",
  usage: ["check [options]", "check HOST [options]"],
  options: [
    KEY_OPTION,
    AS_OPTION,
    DOOR_OPTION,
    TRAPS_OPTION,
    PROBE_OPTION,
    CONNECT_OPTION,
    JSON_OPTION,
  ],
  about: [
    "--probe also tries the rules of a running serve with real connections: from a private network " +
    "namespace, which nothing outside sees, to the port of the minute, a trap and sshd's own port, over " +
    "IPv4 and IPv6. For a few seconds there is an interface named c3po-probe. Rules that let in SSH from " +
    "some networks or interfaces only keep the probe out too. --connect is its other end.",
    "Without HOST it checks this machine as a server: tools, kernel, clock, sshd, other firewalls, " +
    "and what could lock you out. Run it as root; it changes nothing.",
    "With HOST it checks ssh, the key, the clocks, whether the host can be reached and, without " +
    "prompting, the login. If the login works it compares the clocks exactly. With a master key it " +
    "prints the host id and the fingerprint of the derived key, to compare with the server's before " +
    "the first login. The exit code is 1 if something does not work.",
  ],
  async run(args, host) {
    const targets = args.values("connect");
    if (targets.length > 0) {
      args.take(0, 0, "");
      host.terminal.out(`${JSON.stringify(await connectTo(targets))}\n`);
      return 0;
    }
    const [name] = args.take(0, 1, "HOST");
    if (name !== undefined && args.has("probe")) throw new Misuse("--probe goes without HOST");
    for (const option of ["traps", "as"]) {
      if (name === undefined && args.value(option) !== undefined) {
        throw new Misuse(`--${option} goes with check HOST`);
      }
    }
    const findings = name === undefined
      ? await checkServer(args, host)
      : await checkHost(name, args, host);
    const answer = { host: name ?? null, ok: allWork(findings), findings };
    host.terminal.out(
      args.has("json") ? `${JSON.stringify(answer)}\n` : formatFindings(findings),
    );
    return answer.ok ? 0 : 1;
  },
};

/** Connects to each in turn. */
async function connectTo(targets: readonly string[]): Promise<Reached[]> {
  const [{ parseEndpoint }, { reachOut }] = await Promise.all([
    import("../server/endpoint.ts"),
    import("../os/reach_out.ts"),
  ]);
  const reached: Reached[] = [];
  for (const { hostname, port } of targets.map((each) => asArgument(() => parseEndpoint(each)))) {
    reached.push(await reachOut(hostname, port));
  }
  return reached;
}
