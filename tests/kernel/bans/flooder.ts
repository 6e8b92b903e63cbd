// Runs inside a namespace: sends one SYN each from many addresses, and then ends.
//
// usage: flooder.ts TARGET PORT FIRST COUNT
//
// The sources are the COUNT addresses from FIRST on; in IPv6 the first address of as many /64s.
import ipaddr from "ipaddr.js";

const [target = "", port = "", first = "", count = ""] = Deno.args;
const destination = ipaddr.parse(target).toByteArray();
const source = ipaddr.parse(first).toByteArray();
const isV6 = source.length === 16;

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
});

const [AF_INET, AF_INET6, SOCK_RAW, IPPROTO_RAW] = [2, 10, 3, 255];
const [IPPROTO_IPV6, IPV6_HDRINCL] = [41, 36];
const fd = libc.symbols.socket(isV6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);
if (fd < 0) throw new Error("no raw socket: not root?");
if (isV6) libc.symbols.setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, new Uint8Array([1, 0, 0, 0]), 4);

const headerLength = isV6 ? 40 : 20;
const packet = new Uint8Array(headerLength + 20);
const words = new DataView(packet.buffer);
if (isV6) {
  words.setUint32(0, 0x60000000);
  words.setUint16(4, 20); // length of the payload
  packet.set([6, 64], 6); // TCP, hop limit
  packet.set(destination, 24);
} else {
  words.setUint16(0, 0x4500);
  words.setUint16(2, packet.length);
  packet.set([64, 6], 8); // time to live, TCP; the kernel adds the header's checksum
  packet.set(destination, 16);
}
words.setUint16(headerLength, 40_000); // source port
words.setUint16(headerLength + 2, Number(port));
words.setUint16(headerLength + 12, 0x5002); // five words of header; SYN
words.setUint16(headerLength + 14, 65_535); // window

const to = new Uint8Array(isV6 ? 28 : 16);
new DataView(to.buffer).setUint16(0, isV6 ? AF_INET6 : AF_INET, true);
to.set(destination, isV6 ? 8 : 4);

const addresses = new DataView(Uint8Array.from(source).buffer);
const counter = isV6 ? 4 : 0; // where the 32 bits lie that count: before the /64's last, or all
const start = addresses.getUint32(counter);
for (let i = 0; i < Number(count); i++) {
  addresses.setUint32(counter, start + i);
  packet.set(new Uint8Array(addresses.buffer), isV6 ? 8 : 12);
  words.setUint16(headerLength + 16, 0);
  words.setUint16(headerLength + 16, checksum());
  if (libc.symbols.sendto(fd, packet, BigInt(packet.length), 0, to, to.length) < 0n) {
    throw new Error(`packet ${i} was not sent`);
  }
}

/** RFC 9293: over the addresses, the protocol, the length, and TCP's header. */
function checksum(): number {
  let sum = 6 + 20;
  for (let at = isV6 ? 8 : 12; at < packet.length; at += 2) sum += words.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
