import { assertEquals } from "@std/assert";
import { disconnectMessage } from "../../src/os/disconnect.ts";

Deno.test("the last words are a packet as RFC 4253 has it, whatever their length", () => {
  for (let length = 0; length < 40; length++) {
    const reason = "r".repeat(length);
    const all = disconnectMessage(reason);
    const version = "SSH-2.0-c3po\r\n";
    assertEquals(new TextDecoder().decode(all.subarray(0, version.length)), version);
    const packet = all.subarray(version.length);
    const view = new DataView(packet.buffer, packet.byteOffset);
    const [rest, padding] = [view.getUint32(0), view.getUint8(4)];
    assertEquals([packet.length, packet.length % 8], [4 + rest, 0]);
    assertEquals([padding >= 4, padding < 12], [true, true]);
    const payload = packet.subarray(5, packet.length - padding);
    assertEquals([payload[0], view.getUint32(6), view.getUint32(10)], [1, 7, length]);
    assertEquals(new TextDecoder().decode(payload.subarray(9, 9 + length)), reason);
    assertEquals(payload.length, 9 + length + 4);
  }
});
