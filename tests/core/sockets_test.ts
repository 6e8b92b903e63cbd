import { assertEquals } from "@std/assert";
import {
  forwardedPorts,
  hasConnections,
  listeners,
  shownListeners,
  shownSessions,
  tracksConnections,
} from "../../src/core/sockets.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n";
const line = (local: string, remote: string, state: string): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1\n`;
const ANY = "00000000:0000";
const ANY6 = "00000000000000000000000000000000";

Deno.test("listeners() finds who listens for the outside, not on loopback", () => {
  const proc = HEAD +
    line("00000000:0016", ANY, "0A") + // 22 on every address
    line("0100007F:1F90", ANY, "0A") + // 8080 on 127.0.0.1
    line("0100000A:0BB8", ANY, "0A") + // 3000 on 10.0.0.1
    line("0100000A:9999", "0200000A:0050", "01") + // a connection
    line(`${ANY6}:0050`, `${ANY6}:0000`, "0A") + // 80 on ::
    line(`00000000000000000000000001000000:0051`, `${ANY6}:0000`, "0A") + // 81 on ::1
    line(`0000000000000000FFFF00000100007F:0052`, `${ANY6}:0000`, "0A"); // 82 on ::ffff:127.0.0.1
  assertEquals([...listeners(proc)].sort((a, b) => a - b), [22, 80, 3000]);
  assertEquals(listeners("").size, 0);
});

Deno.test("hasConnections() counts those from outside to the port alone", () => {
  assertEquals(hasConnections(line("0100000A:0016", "0200000A:9999", "01"), 22), true);
  assertEquals(hasConnections(line("0100000A:0016", "0200000A:9999", "01"), 23), false);
  assertEquals(hasConnections(line("0100000A:0016", "0200000A:9999", "06"), 22), false);
  assertEquals(hasConnections(line("0100007F:0016", "0100007F:9999", "01"), 22), false);
  assertEquals(hasConnections(line("0100000A:9999", "0200000A:0016", "01"), 22), false);
});

/** As ss 6.1 prints it. */
const SHOWN = `\
LISTEN 0      128               0.0.0.0:22               0.0.0.0:*     ino:1 sk:1 cgroup:/ <->
LISTEN 0      4096        127.0.0.53%lo:53               0.0.0.0:*     uid:101 ino:2 sk:2 cgroup:/ <->
LISTEN 0      128             127.0.0.1:8080             0.0.0.0:*     ino:3 sk:3 <->
ESTAB  0      0                10.0.0.1:22              10.0.0.2:40758 timer:(keepalive,119min,0) ino:4 sk:4 <->
SYN-RECV 0    0                10.0.0.1:22              10.0.0.9:40000 ino:0 sk:5 <->
ESTAB  0      0                10.0.0.1:9999            10.0.0.2:22    ino:6 sk:6 <->
ESTAB  0      0               127.0.0.1:22             127.0.0.1:40760 ino:7 sk:7 <->
ESTAB  0      0                10.0.0.1:22              10.0.0.1:40762 ino:8 sk:8 <->
LISTEN 0      128                     *:80                     *:*     ino:9 sk:9 v6only:0 <->
LISTEN 0      128                  [::]:81                  [::]:*     ino:10 sk:a v6only:1 <->
LISTEN 0      128                 [::1]:82                  [::]:*     ino:11 sk:b v6only:1 <->
ESTAB  0      0       [::ffff:10.0.0.1]:22     [::ffff:10.0.0.3]:50000 ino:12 sk:c <->
ESTAB  0      0                [fd00::1]:22             [fd00::2]:50001 ino:13 sk:d <->
ESTAB  0      0          [fe80::1]%eth0:22         [fe80::2]%eth0:50002 ino:14 sk:e <->
ESTAB  0      0          [fe80::1%eth0]:22         [fe80::2%eth0]:50003 ino:15 sk:f <->
`;

Deno.test("shownListeners() finds the same in what ss prints", () => {
  assertEquals([...shownListeners(SHOWN)], [22, 80, 81]);
  assertEquals(shownListeners("").size, 0);
});

Deno.test("shownSessions() finds who is connected from elsewhere in what ss prints", () => {
  assertEquals(shownSessions(SHOWN, 22), [
    { id: "10.0.0.2:40758/4", address: "10.0.0.2" },
    { id: "10.0.0.3:50000/12", address: "10.0.0.3" },
    { id: "fd00::2:50001/13", address: "fd00::2" },
    { id: "fe80::2:50002/14", address: "fe80::2" },
    { id: "fe80::2:50003/15", address: "fe80::2" },
  ]);
  assertEquals(shownSessions(SHOWN, 23), []);
});

const SAVED = `*nat
-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A PREROUTING -p tcp -m multiport --dports 443,9000:9002 -j REDIRECT --to-ports 80
-A C3PO-NAT -p tcp -m tcp --dport 7 -j DNAT --to-destination :22
-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT
`;

Deno.test("forwardedPorts() finds the ports that other tools' rules send elsewhere", () => {
  assertEquals([...forwardedPorts(SAVED)], [8080, 443, 9000, 9001, 9002]);
});

Deno.test("tracksConnections() looks at the rules of others only", () => {
  assertEquals(tracksConnections(SAVED), true);
  assertEquals(tracksConnections("-A C3PO-IN -m conntrack --ctstate DNAT -j ACCEPT\n"), false);
  assertEquals(tracksConnections("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n"), true);
  assertEquals(tracksConnections("-A INPUT -p tcp -j ACCEPT\n"), false);
});
