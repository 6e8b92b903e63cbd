import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { passwordOf, Redis } from "../fleet/redis.ts";
import {
  CHECKOUT,
  kernelTest,
  Lab,
  must,
  type Namespace,
  startSshd,
  syn,
  waitFor,
} from "../kernel/lab.ts";
import { sshArgs } from "../kernel/lab/sshd.ts";
import { c3poFolder } from "./program.ts";

const PLAYBOOK = join(CHECKOUT, "contrib/ansible/site.yml");

/** A systemctl that knows two units, which it starts as systemd would. */
function systemctl(folder: string, socket: string): string {
  return `#!/bin/sh
echo "$*" >>'${folder}/told'
share='${folder}/share'
case "$*" in
"is-enabled c3po-share") [ -e "$share.enabled" ]; exit ;;
"enable c3po-share") touch "$share.enabled"; exit ;;
"show c3po-share")
	[ -e "$share.pid" ] && state=active || state=inactive
	printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n' $state
	exit ;;
"start c3po-share" | "restart c3po-share")
	[ ! -e "$share.pid" ] || kill "$(cat "$share.pid")"
	c3po share --socket '${socket}' 2>"$share.log" >/dev/null </dev/null &
	echo $! >"$share.pid"
	exit ;;
esac
case $1 in
is-enabled | is-active) [ -e '${folder}/log' ] ;;
show) printf 'LoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n' ;;
enable)
	c3po serve 2>'${folder}/log' >/dev/null </dev/null &
	until grep -q event=started '${folder}/log'; do sleep 0.1; done
	;;
reload) kill -HUP "$(pgrep -f 'main.[jt]s serve$')" ;;
esac
`;
}

/** A server with python, sshd and c3po, and nothing of C3PO's in its /etc. */
async function bareServer(server: Namespace) {
  const tools = await c3poFolder(server);
  const socket = join(server.runtimeDirectory, "share.sock");
  await Deno.writeTextFile(join(tools, "systemctl"), systemctl(tools, socket), { mode: 0o755 });
  const over = join(server.directory, "over");
  await Deno.mkdir(over);
  const overlay = (folder: string): string =>
    `mkdir -p '${over}/up${folder}' '${over}/work${folder}' && mount -t overlay overlay -o ` +
    `'lowerdir=${folder},upperdir=${over}/up${folder},workdir=${over}/work${folder}' ${folder}`;
  const prepare = [
    `mount -t tmpfs tmpfs '${over}'`,
    overlay("/etc"),
    overlay("/run"),
    overlay("/var"),
    "rm -rf /etc/c3po && mkdir -p /run/systemd/system",
    `mount --bind '${tools}' /usr/local/sbin`,
  ].join(" && ");
  return { sshd: await startSshd(server, { prepare }), tools };
}

/** A package with nothing in it: what a package installs is the matter of other tests. */
async function emptyPackage(folder: string): Promise<string> {
  const control = join(folder, "package/DEBIAN/control");
  await Deno.mkdir(dirname(control), { recursive: true });
  await Deno.writeTextFile(
    control,
    "Package: c3po-of-ansible-test\nVersion: 1\nArchitecture: all\n" +
      "Maintainer: The C3PO authors <c3po@example.org>\nDescription: nothing\n",
  );
  const file = join(folder, "c3po_1_all.deb");
  await must("dpkg-deb", ["--build", "--root-owner-group", join(folder, "package"), file]);
  return file;
}

/** How ansible-playbook tells what it did on the one host. */
function recap(stdout: string): string {
  return /^web +: (.*)$/m.exec(stdout)?.[1]?.replace(/ +/g, " ").trim() ?? stdout;
}

kernelTest(
  "the role for Ansible tries C3PO before it stays, comes back through it, shares bans, and then changes nothing",
  async () => {
    await using lab = await Lab.create({ peers: ["user", "attacker", "store"] });
    const { server, user } = lab;
    const store = lab.peer("store");
    await using redis = await Redis.start({
      bind: store.address4,
      members: ["web"],
      within: ["ip", "netns", "exec", store.netns],
    });
    const { sshd, tools } = await bareServer(server);
    const at = (name: string): string => join(user.directory, name);
    await Deno.writeTextFile(at("hosts"), "web\n");
    await Deno.writeTextFile(at("users"), "alice\n");
    for (
      const args of [["new", at("fleet.key")], [
        ...["keys", "--key", at("fleet.key"), "--users", at("users"), "--hosts", at("hosts")],
        ...["--out", at("keys")],
      ]]
    ) {
      const { code, stderr } = await user.c3po(["fleet", ...args]);
      assertEquals(code, 0, stderr);
    }
    const proxy = `${await c3poFolder(user)}/c3po proxy --as web --key ${
      at("keys/clients/alice.key")
    } %h`;
    await Deno.writeTextFile(
      at("inventory.yml"),
      JSON.stringify({
        all: {
          hosts: { web: { ansible_host: server.address4 } },
          vars: {
            ansible_ssh_args: `${
              (await sshArgs(sshd)).join(" ")
            } -o ControlMaster=auto -o ControlPersist=60s`,
            ansible_python_interpreter: "/usr/bin/python3",
            ansible_become: false,
            c3po_keys: at("keys"),
            c3po_proxy: proxy,
            c3po_package: await emptyPackage(user.directory),
            c3po_settings: {
              traps: 31,
              allow: ["192.0.2.7"],
              service: { db: { to: 5432 } },
              share: {
                store: redis.url,
                ca: "/etc/c3po/store-ca.pem",
                credentials: "/etc/c3po/store.toml",
              },
            },
            c3po_share: true,
            c3po_store_ca: join(redis.folder, "ca.pem"),
            c3po_store_password: passwordOf("web"),
          },
        },
      }),
    );
    const play = async (...args: string[]) =>
      await user.run("ansible-playbook", ["-i", at("inventory.yml"), ...args, PLAYBOOK], {
        cwd: user.directory,
        env: {
          ANSIBLE_PIPELINING: "1", // fewer connections
          ANSIBLE_HOME: at("ansible"),
          ANSIBLE_LOCAL_TEMP: at("ansible/tmp"),
          ANSIBLE_REMOTE_TEMP: join(server.directory, "ansible"),
          HOME: user.home,
        },
      });

    const first = await play();
    assertEquals(first.code, 0, first.stdout + first.stderr);
    assertStringIncludes(await Deno.readTextFile(join(tools, "told")), "enable --now c3po\n");
    assertEquals(await syn(lab.attacker, server.address4, sshd.port), "filtered");
    assertStringIncludes(await Deno.readTextFile(join(tools, "log")), " traps=31 ");
    assertMatch(first.stdout, /TASK \[.*Install the \.deb\] \**\nchanged: \[web\]/);
    await waitFor(
      async () => / event=share_up /.test(await Deno.readTextFile(join(tools, "log"))),
      { what: "connection to the store" },
    );
    assertEquals(first.stdout.includes(passwordOf("web")), false);
    const again = await play(
      "-e",
      JSON.stringify({ ansible_ssh_common_args: `-o 'ProxyCommand=${proxy}'` }),
    );
    assert(/^ok=\d+ changed=0 unreachable=0 failed=0 /.test(recap(again.stdout)), again.stdout);
  },
);
