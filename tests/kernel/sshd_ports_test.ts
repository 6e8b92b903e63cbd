// sshd with several ports and addresses, as sshd_config may have them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { c3poCommand, engineTest, Lab, login, loginNow, startServe, startSshd } from "./lab.ts";

engineTest(
  "several ports of sshd: check names those that stay, and a trap says what sshd says",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user, attacker } = lab;
    const listen = [`ListenAddress ${server.address4}`, "ListenAddress 127.0.0.1:2424"];
    const banner = "VersionAddendum of-this-machine";
    const sshd = await startSshd(server, {
      config: [...listen, banner, `ListenAddress ${server.address4}:2022`],
    });
    const serve = await startServe(server, { engine });
    assertEquals(serve.events("sshd_silent"), []);
    assert(await loginNow(user, sshd, server.address4, serve));
    assertEquals(await login(user, sshd, server.address4, sshd.port, 1), false);
    assert(await login(user, sshd, server.address4, 2022, 1));
    const [trap] = (await serve.ports()).traps;
    const program =
      `const c = await Deno.connect({ hostname: "${server.address4}", port: ${trap} });
    const bytes = new Uint8Array(255); console.log(new TextDecoder().decode(bytes.subarray(0, await c.read(bytes))));`;
    const said = await attacker.run(Deno.execPath(), ["eval", program]);
    assertMatch(said.stdout, /^SSH-2\.0-.* of-this-machine/);
    const config = join(server.directory, "sshd_config");
    const folder = join(server.directory, "etc-ssh");
    await Deno.writeTextFile(
      config,
      ["Port 22", ...listen, `ListenAddress ${server.address4}:2022`, ""].join("\n"),
    );
    const { stdout } = await server.run("sh", [
      "-c",
      `cp -r /etc/ssh '${folder}' && cp '${config}' '${folder}' && mount --bind '${folder}' /etc/ssh && exec "$@"`,
      "sh",
      ...c3poCommand(),
      "check",
      "--json",
    ], {
      env: {
        C3PO_SECRET: "classic:a secret of the check",
        RUNTIME_DIRECTORY: server.runtimeDirectory,
        STATE_DIRECTORY: server.stateDirectory,
      },
    });
    const told = (JSON.parse(stdout).findings as { what: string; grade: string; found: string }[])
      .filter(({ what }) => what === "sshd").map(({ grade, found }) => `${grade}: ${found}`).join(
        "\n",
      );
    assertMatch(told, /^ok: listens on port 22 \(SSH-2\.0-/);
    assertMatch(told, /^warn: it also answers on port 2022, which C3PO does not hide$/m);
    assertEquals(/does not answer|2424/.test(told), false, told);
  },
);
