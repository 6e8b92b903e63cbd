import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { kernelTest, roomInMinute } from "./lab.ts";
import { Pair, putKey } from "./lab/pair.ts";

kernelTest("clocks 5 and 14 s apart are not noticed", async () => {
  await using pair = await Pair.createClear();
  for (const seconds of [5, -5, 14, -14]) {
    const ahead = seconds * 1000;
    const proxied = await pair.config([pair.proxyCommand(ahead)]);
    const first = await pair.user.run("ssh", [...proxied, "server", "echo in"]);
    assertEquals(first, { code: 0, stdout: "in\n", stderr: "" }, `proxy, ${seconds} s`);
    const direct = await pair.config();
    const second = await pair.c3poAt(ahead, ["ssh", ...direct, "server", "echo in"]);
    assertEquals(second, { code: 0, stdout: "in\n", stderr: "" }, `ssh, ${seconds} s`);
  }
});

kernelTest("clocks 40 and 90 s apart still let the user in, and nobody is banned", async () => {
  await using pair = await Pair.createClear();
  for (const seconds of [40, -40, 90, -90]) {
    const ahead = seconds * 1000;
    const proxied = await pair.config([pair.proxyCommand(ahead)]);
    const first = await pair.user.run("ssh", [...proxied, "server", "echo in"]);
    assertEquals([first.code, first.stdout], [0, "in\n"], `proxy, ${seconds} s: ${first.stderr}`);
    const direct = await pair.config();
    const second = await pair.c3poAt(ahead, ["ssh", ...direct, "server", "echo in"]);
    assertEquals([second.code, second.stdout], [0, "in\n"], `ssh, ${seconds} s: ${second.stderr}`);
  }
  assertEquals((await pair.server.c3po(["ban", "--json"])).stdout, "[]\n");
});

kernelTest("a port that closes as ssh is led to it is no reason to give up", async () => {
  // Three ports are open at any time; the client's own is none of them.
  await using pair = await Pair.createClear(["--grace", "60s"]);
  const { user, server } = pair;
  const ports = join(user.directory, "ports");
  const rule = "INPUT -p tcp -m conntrack --ctorigdstport $2 -j REJECT --reject-with tcp-reset";
  const wrapper = `#!/bin/sh
case " $* " in *" -G "*) exec /usr/bin/ssh "$@" ;; esac
echo $2 >>${ports}
[ $(wc -l <${ports}) != 2 ] || ip netns exec ${server.netns} iptables -I ${rule}
exec /usr/bin/ssh "$@"
`;
  await Deno.writeTextFile(join(user.directory, "ssh"), wrapper, { mode: 0o755 });
  const config = await pair.config();
  const { code, stdout, stderr } = await pair.c3poAt(
    -120_000,
    ["ssh", ...config, "server", "echo in"],
    { env: { PATH: `${user.directory}:${Deno.env.get("PATH")}` } },
  );
  assertEquals([code, stdout], [0, "in\n"], stderr);
  const tried = (await Deno.readTextFile(ports)).trim().split("\n");
  assertEquals([tried.length, new Set(tried).size], [3, 3]);
});

kernelTest("whoever gets in by a neighbour's port is told how far the clocks differ", async () => {
  // Without a grace, for within it the port of the minute beside is open, and nothing to be told.
  await using pair = await Pair.createClear(["--grace", "0"]);
  for (const minutes of [-2, -1, 1, 2]) {
    await roomInMinute(10_000);
    // In the middle of another minute.
    const ahead = minutes * 60_000 + 30_000 - Date.now() % 60_000;
    const proxied = await pair.config([pair.proxyCommand(ahead)]);
    const direct = await pair.config();
    for (
      const { code, stdout, stderr } of [
        await pair.user.run("ssh", [...proxied, "server", "echo in"]),
        await pair.c3poAt(ahead, ["ssh", ...direct, "server", "echo in"]),
      ]
    ) {
      assertEquals([code, stdout], [0, "in\n"], stderr);
      const told = /^c3po: the server's clock is (\d+) to (\d+) s (ahead of|behind) this one: /m;
      const [, least, most, side] = told.exec(stderr) ?? [];
      const difference = Math.abs(ahead) / 1000;
      assertEquals(side, ahead > 0 ? "behind" : "ahead of", stderr);
      assert(Number(least) <= difference && difference <= Number(most), stderr);
    }
  }
});

kernelTest(
  "who does not know the number of traps tries no neighbour, and says how to",
  async () => {
    await using pair = await Pair.createClear(["--grace", "0"]);
    await putKey(pair.user, "default", pair.key);
    await roomInMinute(20_000);
    const ahead = 60_000 + 30_000 - Date.now() % 60_000;
    const direct = await pair.config();
    const proxied = await pair.config([pair.proxyCommand(ahead)]);
    const first = await pair.user.run("ssh", [...proxied, "server", "true"]);
    const second = await pair.c3poAt(ahead, ["ssh", ...direct, "server", "true"]);
    assertEquals([first.code, second.code], [255, 255]);
    for (const { stderr } of [first, second]) {
      assertMatch(stderr, /^c3po: hint: .*were not tried: .* with --traps N\r?$/m);
    }
    const told = await pair.c3poAt(ahead, ["ssh", "--traps", "15", ...direct, "server", "echo in"]);
    assertEquals([told.code, told.stdout], [0, "in\n"], told.stderr);
  },
);
