import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../src/os/errors.ts";
import { isPrivate, refuseLockout } from "../../src/server/lockout.ts";

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
    "your session came in at 22: --ssh-port 22; to start anyway: --force",
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
