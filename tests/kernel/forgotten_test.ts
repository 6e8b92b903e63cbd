// The kernel forgets its connections, by hand or because they were idle: sessions go on as plain ssh's do.
import { assert } from "@std/assert";
import {
  type Child,
  engineTest,
  FILTERS,
  Lab,
  Session,
  sshArgs,
  startServe,
  startSshd,
  waitFor,
} from "./lab.ts";

/** Seconds after which an idle connection is forgotten. */
const SHORT = 1;

engineTest(
  "a session outlives conntrack -F and a short timeout, whoever speaks first",
  async (engine) => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const serve = await startServe(server, { engine });
    const run = async (command: string): Promise<Child> => {
      const { ssh } = await serve.ports();
      const options = await sshArgs(sshd);
      return user.spawn("ssh", [...options, "-p", String(ssh), server.address4, command]);
    };
    const typed = await Session.open(user, sshd, server.address4, (await serve.ports()).ssh);
    const ticker = await run("while sleep 0.1; do echo tick; done");
    await ticker.waitForLine(/tick/);
    for (let times = 0; times < 3; times++) {
      await server.must("conntrack", ["-F"]);
      await typed.answers();
      await ticker.waitForLine(/tick/, undefined, ticker.lines.length);
    }
    const setting = "net.netfilter.nf_conntrack_tcp_timeout_established";
    await server.must("sysctl", ["-qw", `${setting}=${SHORT}`]);
    ticker.kill();
    await typed.answers();
    const late = await run("echo begun; sleep 6; echo said; cat");
    await late.waitForLine(/begun/);
    const tracked = async (): Promise<string> =>
      (await server.run("conntrack", ["-L", "-p", "tcp", "--dst", server.address4])).stdout;
    await waitFor(async () => !/ESTABLISHED/.test(await tracked()), {
      what: "idle connections to go",
    });
    await late.waitForLine(/said/);
    await waitFor(async () => !/ESTABLISHED/.test(await tracked()), {
      what: "idle connections to go",
    });
    await typed.answers();
    assert(serve.events("firewall_drift").length === 0);
  },
  FILTERS,
);
