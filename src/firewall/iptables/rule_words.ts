import type { Match, Rule, Verdict } from "./rules.ts";

/** One rule as iptables wants it, without the chain it stands in. */
export function ruleWords({ when, then }: Rule): string[] {
  const words = [...when.map(({ is }) => is), then.do];
  const protocol = words.includes("udp")
    ? ["-p", "udp"]
    : words.some((word) => TCP_WORDS.has(word))
    ? ["-p", "tcp"]
    : [];
  return [...protocol, ...when.flatMap(matchWords), ...verdictWords(then)];
}

/** What speaks of TCP; iptables wants to hear so first, and once. */
const TCP_WORDS: ReadonlySet<string> = new Set<Match["is"] | Verdict["do"]>([
  "syn",
  "not syn",
  "acknowledging",
  "to port",
  "refuse",
  "redirect",
]);

function matchWords(match: Match): string[] {
  switch (match.is) {
    case "outside":
      return ["!", "-i", "lo"];
    case "udp":
      return [];
    case "unanswered":
      return ["-m", "conntrack", "--ctstate", "NEW"];
    case "uninvited":
      return ["-m", "conntrack", "!", "--ctstate", "ESTABLISHED,RELATED,DNAT"];
    case "syn":
      return ["--syn"];
    case "not syn":
      return ["!", "--syn"];
    case "acknowledging":
      return ["--tcp-flags", "ACK,RST", "ACK"];
    case "to this machine":
      return ["-m", "addrtype", "--dst-type", "LOCAL"];
    case "from this machine":
      return ["-m", "addrtype", "--src-type", "LOCAL"];
    case "from network":
      return ["-s", match.network];
    case "to network":
      return ["-d", match.network];
    case "in":
      return ["-m", "set", "--match-set", match.set, match.key];
    case "not in":
      return ["-m", "set", "!", "--match-set", match.set, match.key];
    case "to port":
      return match.ports.length === 1
        ? ["--dport", String(match.ports[0])]
        : ["-m", "multiport", "--dports", match.ports.join(",")];
    case "during":
      return [
        ...["-m", "time"],
        ...(match.from === null ? [] : ["--datestart", date(match.from)]),
        // xt_time counts the second at which it stops as well.
        ...(match.until === null ? [] : ["--datestop", date(Math.max(0, match.until - 1))]),
      ];
    case "listened for":
      return ["-m", "socket", "--nowildcard"];
    case "with a socket":
      return ["-m", "socket"];
    case "with a connection":
      // Sockets are in a control group, and all groups are below the first one.
      return ["-m", "cgroup", "--path", "/"];
    case "redirected":
      return [
        ...["-m", "conntrack", "--ctstate", "DNAT"],
        ...(match.to === undefined ? [] : ["--ctreplsrcport", String(match.to)]),
      ];
    case "established":
      return ["-m", "conntrack", "--ctstate", "ESTABLISHED"];
  }
}

/** As xt_time reads it: UTC, whole seconds. */
function date(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

function verdictWords(verdict: Verdict): string[] {
  switch (verdict.do) {
    case "accept":
      return ["-j", "ACCEPT"];
    case "drop":
      return ["-j", "DROP"];
    case "return":
      return ["-j", "RETURN"];
    case "refuse":
      return ["-j", "REJECT", "--reject-with", "tcp-reset"];
    case "jump":
      return ["-j", verdict.chain];
    case "goto":
      return ["-g", verdict.chain];
    case "redirect":
      // REDIRECT would send it to the first address of the interface, where sshd may not listen.
      return ["-j", "DNAT", "--to-destination", `:${verdict.port}`];
    case "add":
      return [
        ...["-j", "SET", "--add-set", verdict.set, verdict.key],
        ...(verdict.once ? [] : ["--exist"]),
        ...["--timeout", String(verdict.seconds)],
      ];
    case "remove":
      return ["-j", "SET", "--del-set", verdict.set, verdict.key];
  }
}
