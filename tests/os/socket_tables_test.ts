import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  listenersOf,
  printedSockets,
  sessionsOf,
  shownSockets,
} from "../../src/os/socket_tables.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (local: string, remote: string, state: string, uid = 0, inode = 77): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${uid} 0 ${inode} 1\n`;
const ANY = "00000000:0000";
const ANY6 = "00000000000000000000000000000000";

Deno.test("printedSockets() finds who listens for the outside, not on loopback", () => {
  const proc = HEAD +
    line("00000000:0016", ANY, "0A") + // 22 on every address
    line("0100007F:1F90", ANY, "0A") + // 8080 on 127.0.0.1
    line("0100000A:0BB8", ANY, "0A", 1000) + // 3000 on 10.0.0.1, of a user
    line("0100000A:9999", "0200000A:0050", "01") + // a connection
    line(`${ANY6}:0050`, `${ANY6}:0000`, "0A", 33) + // 80 on ::, of a service
    line(`00000000000000000000000001000000:0051`, `${ANY6}:0000`, "0A") + // 81 on ::1
    line(`0000000000000000FFFF00000100007F:0052`, `${ANY6}:0000`, "0A"); // 82 on ::ffff:127.0.0.1
  const { system, ordinary } = listenersOf(printedSockets(proc));
  assertEquals([[...system], [...ordinary]], [[22, 80], [3000]]);
  assertEquals([...printedSockets("")], []);
});

Deno.test("a port on which root and a user listen is the system's", () => {
  const proc = line("00000000:0016", ANY, "0A", 1000) + line("0100000A:0016", ANY, "0A", 0);
  const { system, ordinary } = listenersOf(printedSockets(proc));
  assertEquals([[...system], [...ordinary]], [[22], []]);
});

Deno.test("sessions are read from the kernel's table, but for those from this machine", () => {
  const proc = HEAD +
    line("01004D0A:0016", "01014D0A:C350", "01") +
    line("01004D0A:0016", "02014D0A:C350", "06") + // over
    line("01004D0A:0050", "03014D0A:C350", "01") + // to another port
    line("01014D0A:C350", "01004D0A:0016", "01") + // to another machine
    line("0100007F:0016", "0100007F:C350", "01") +
    line("01004D0A:0016", "01004D0A:C350", "01") +
    line("00000000:0016", ANY, "0A") +
    line("0000000000000000FFFF000001004D0A:0016", "0000000000000000FFFF00000509A8C0:0001", "01") +
    line("000077FD000000000000000001000000:0016", "000077FD000000000000010002000000:0001", "01");
  assertEquals(sessionsOf(printedSockets(proc), 22), [
    { id: "10.77.1.1 50000", address: "10.77.1.1", inode: 77 },
    { id: "192.168.9.5 1", address: "192.168.9.5", inode: 77 },
    { id: "fd77::1:0:0:2 1", address: "fd77::1:0:0:2", inode: 77 },
  ]);
});

/** As ss 6.1 prints it. */
const SHOWN = `\
LISTEN 0      128               0.0.0.0:22               0.0.0.0:*     ino:1 sk:1 cgroup:/ <->
LISTEN 0      4096        127.0.0.53%lo:53               0.0.0.0:*     uid:101 ino:2 sk:2 cgroup:/ <->
LISTEN 0      128             127.0.0.1:8080             0.0.0.0:*     ino:3 sk:3 <->
LISTEN 0      5                 0.0.0.0:8443             0.0.0.0:*     uid:1000 ino:16 sk:10 <->
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

Deno.test("shownSockets() finds who listens in what ss prints", () => {
  const { system, ordinary } = listenersOf(shownSockets(SHOWN));
  assertEquals([[...system], [...ordinary]], [[22, 80, 81], [8443]]);
  assertEquals([...shownSockets("")], []);
});

Deno.test("shownSockets() finds who is connected from elsewhere", () => {
  assertEquals(sessionsOf(shownSockets(SHOWN), 22), [
    { id: "10.0.0.2 40758", address: "10.0.0.2", inode: 4 },
    { id: "10.0.0.3 50000", address: "10.0.0.3", inode: 12 },
    { id: "fd00::2 50001", address: "fd00::2", inode: 13 },
    { id: "fe80::2 50002", address: "fe80::2", inode: 14 },
    { id: "fe80::2 50003", address: "fe80::2", inode: 15 },
  ]);
  assertEquals(sessionsOf(shownSockets(SHOWN), 23), []);
});

Deno.test("with a filter of states, ss leaves their column out", () => {
  const text = "0      0      10.0.0.1:22    10.0.0.2:40758 ino:4 sk:4\n" +
    "0      36     [fd00::1]:22   [fd00::2]:50001 ino:13 sk:d\n";
  assertEquals(sessionsOf(shownSockets(text), 22).map(({ address }) => address), [
    "10.0.0.2",
    "fd00::2",
  ]);
});

Deno.test("whatever a table says, reading it does not fail", () => {
  const word = fc.constantFrom("LISTEN", "ESTAB", "0", "[::]:22", "*:*", "1.2.3.4:5", "uid:x", ":");
  fc.assert(fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
    const text = words.join(" ");
    listenersOf(shownSockets(text));
  }));
});
