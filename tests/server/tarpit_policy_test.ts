import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EvictionQueue, greeting, roomFor, TARPIT } from "../../src/server/tarpit_policy.ts";

Deno.test("the oldest connection of whoever has most goes first", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.boolean())), (steps) => {
    const queue = new EvictionQueue<number>();
    const held: { address: string; connection: number }[] = [];
    for (const [step, [choice, comes]] of steps.entries()) {
      if (comes) {
        held.push({ address: `192.0.2.${choice}`, connection: step });
        queue.add(`192.0.2.${choice}`, step);
      } else if (held.length > 0) {
        const [gone] = held.splice(choice % held.length, 1);
        queue.delete(gone!.address, gone!.connection);
        queue.delete(gone!.address, gone!.connection);
      }
      const of = (address: string) => held.filter((each) => each.address === address);
      const most = Math.max(0, ...held.map(({ address }) => of(address).length));
      const first = held.find(({ connection }) => connection === queue.first);
      if (held.length === 0) assertEquals(queue.first, undefined);
      else assertEquals([of(first!.address).length, of(first!.address)[0]], [most, first]);
    }
  }));
});

Deno.test("the tarpit leaves the daemon the files it needs", () => {
  assertEquals(roomFor(65_536), TARPIT.most);
  assertEquals(roomFor(300), 44);
  assertEquals(roomFor(10), 1);
});

Deno.test("the tarpit greets as sshd does, and begins a packet that never ends", () => {
  const bytes = greeting("SSH-2.0-OpenSSH_9.6");
  const banner = new TextDecoder().decode(bytes.subarray(0, -6));
  assertEquals(banner, "SSH-2.0-OpenSSH_9.6\r\n");
  assertEquals([...bytes.slice(-6)], [0, 0, 0x80, 0, 8, 20], "32768 bytes of SSH_MSG_KEXINIT");
});
