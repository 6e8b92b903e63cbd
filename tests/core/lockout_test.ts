import { assertEquals, assertThrows } from "@std/assert";
import { denyingChains } from "../../src/core/base_chains.ts";
import {
  readableOffset,
  readChrony,
  readNtpq,
  readTimedatectl,
} from "../../src/core/clock_sync.ts";
import { Failure } from "../../src/core/errors.ts";
import { drift, isComplete, ownRules } from "../../src/core/firewall/drift.ts";
import type { Chain } from "../../src/core/firewall/rules.ts";
import { isPrivate, refuseLockout } from "../../src/core/lockout.ts";

const SAVED = [
  "*raw",
  ":PREROUTING ACCEPT [0:0]",
  ":C3PO-PRE - [0:0]",
  "-A PREROUTING -p tcp -j C3PO-PRE",
  "-A PREROUTING -p icmp -j DROP",
  "-A C3PO-PRE -m set --match-set c3po-allow4 src -j RETURN",
  "-A C3PO-PRE -j DROP",
  "COMMIT",
  "*filter",
  ":INPUT DROP [5:300]",
  ":C3PO-IN - [0:0]",
  "-A INPUT -p tcp -j C3PO-IN",
  "-A C3PO-IN -j ACCEPT",
  "COMMIT",
].join("\n");

function changed(from: string, to: string): string[] {
  return drift(ownRules(SAVED), ownRules(SAVED.replace(from, to)));
}

Deno.test("drift() names what other tools have done to our rules, and nothing else", () => {
  assertEquals(changed("", ""), []);
  assertEquals(changed("-A PREROUTING -p icmp -j DROP\n", ""), []);
  assertEquals(changed("[5:300]", "[9:900]"), []);
  assertEquals(changed("-A INPUT -p tcp -j C3PO-IN\n", ""), ["jump from filter INPUT"]);
  assertEquals(changed("-A C3PO-PRE -j DROP\n", ""), ["rules of raw C3PO-PRE"]);
  assertEquals(changed("-A C3PO-PRE -j DROP", "-A C3PO-PRE -j ACCEPT"), [
    "changed rules of raw C3PO-PRE",
  ]);
  assertEquals(
    changed("-A PREROUTING -p tcp", "-A PREROUTING -p udp -j LOG\n-A PREROUTING -p tcp"),
    ["first place in raw PREROUTING"],
  );
  assertEquals(
    changed("-A INPUT -p tcp -j C3PO-IN", "-A INPUT -p tcp -j C3PO-IN\n-A INPUT -p tcp -j C3PO-IN"),
    ["doubled jump in filter INPUT"],
  );
  assertEquals(drift(ownRules(SAVED), ownRules("")), ["rules"]);
});

Deno.test("isComplete() wants every chain whole and every jump first", () => {
  const chains: Chain[] = [
    {
      table: "raw",
      name: "C3PO-PRE",
      hook: { chain: "PREROUTING", when: [] },
      rules: [{ when: [], then: { do: "return" } }, { when: [], then: { do: "drop" } }],
    },
    {
      table: "filter",
      name: "C3PO-IN",
      hook: { chain: "INPUT", when: [] },
      rules: [{ when: [], then: { do: "accept" } }],
    },
  ];
  assertEquals(isComplete(ownRules(SAVED), chains), true);
  assertEquals(isComplete(ownRules(SAVED), chains.slice(1)), false);
  const late = SAVED.replace("-A INPUT", "-A INPUT -j LOG\n-A INPUT");
  assertEquals(isComplete(ownRules(late), chains), false);
  assertEquals(isComplete(ownRules(SAVED.replace("-A C3PO-IN -j ACCEPT\n", "")), chains), false);
});

Deno.test("a start that would shut out whoever starts it is refused, with the way out", () => {
  const good = {
    sshPort: 22,
    range: { low: 1024, high: 3071 },
    taken: new Set<number>(),
    listens: true,
    cameInAt: 22,
  };
  refuseLockout(good);
  refuseLockout({ ...good, cameInAt: null, listens: false });
  const dead = assertThrows(
    () => refuseLockout({ ...good, sshPort: 2222, listens: false }),
    Failure,
    "no sshd listens on port 2222",
  );
  assertEquals(
    dead.hint,
    "your session came in at 22: --ssh-port 22; to start nevertheless: --force",
  );
  const half = new Set(Array.from({ length: 1024 }, (_, i) => 1024 + i));
  refuseLockout({ ...good, taken: half });
  const error = assertThrows(() => refuseLockout({ ...good, taken: half.add(2048) }), Failure);
  assertEquals(/^50 of 100 ports in 1024-3071 are excluded/.test(error.message), true);
});

Deno.test("isPrivate() knows the addresses that routers translate", () => {
  const own = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.9.9", "100.64.0.1", "fd00::1"];
  assertEquals(own.filter((address) => !isPrivate(address)), []);
  const theirs = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "11.0.0.1"];
  assertEquals(theirs.filter(isPrivate), []);
});

Deno.test("time services are understood, and what they do not say is not made up", () => {
  const tracking =
    "A29FC801,162.159.200.1,4,1763823600.1,-0.000012,0.000003,0.0001,-1.2,0.0,0.02,0.01,0.001,64.2,";
  assertEquals(readChrony(`${tracking}Normal\n`), {
    synchronised: true,
    offset: 0.000012,
    source: "chronyc",
  });
  assertEquals(readChrony(`${tracking}Not synchronised\n`)?.synchronised, false);
  assertEquals(readChrony("506 Cannot talk to daemon\n"), null);
  assertEquals(readNtpq("associd=0 status=0615 leap_none, sync_ntp,\nstratum=2, offset=1500.0"), {
    synchronised: true,
    offset: -1.5,
    source: "ntpq",
  });
  assertEquals(
    readNtpq("associd=0 status=c016 leap_alarm, sync_unspec,\noffset=0.0")?.synchronised,
    false,
  );
  assertEquals(readNtpq("ntpq: read: Connection refused"), null);
  assertEquals(readTimedatectl("no\n"), {
    synchronised: false,
    offset: null,
    source: "timedatectl",
  });
  assertEquals(readTimedatectl(""), null);
  assertEquals(readableOffset(-1.5), "1.500 s behind UTC");
});

Deno.test("denyingChains() finds the firewalls that iptables does not show", () => {
  const text = [
    "table ip filter {",
    "\tchain INPUT {",
    "\t\ttype filter hook input priority filter; policy drop;",
    "\t}",
    "}",
    "table inet filter {",
    "\tchain input {",
    "\t\ttype filter hook input priority filter; policy drop;",
    "\t}",
    "\tchain output {",
    "\t\ttype filter hook output priority filter; policy drop;",
    "\t}",
    "\tchain forward {",
    "\t\ttype filter hook forward priority filter; policy accept;",
    "\t}",
    "}",
  ].join("\n");
  assertEquals(denyingChains(text).map(({ family, table, name }) => [family, table, name]), [
    ["inet", "filter", "input"],
  ]);
  assertEquals(denyingChains(""), []);
});
