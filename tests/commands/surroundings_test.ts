import { assertEquals, assertMatch } from "@std/assert";
import { bundle } from "../../build/bundle.ts";
import { permissionFlags } from "../../build/permissions.ts";
import { CHECKOUT, denoDirectory } from "../kernel/lab/c3po.ts";
import { Sandbox } from "./sandbox.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs c3po in surroundings of its own, under the permissions that an installation gives it. */
async function confined(
  box: Sandbox,
  args: string[],
  { env = {}, script = 'exec "$@"' }: { env?: Record<string, string>; script?: string } = {},
): Promise<Ran> {
  const flags = permissionFlags("linux", "login").map((flag) =>
    flag.replace("/proc/self/exe", "ssh")
  );
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [
      ...["-c", script, "sh", Deno.execPath(), "run", "--no-prompt", ...flags],
      ...[`--config=${CHECKOUT}deno.json`, `${CHECKOUT}login.ts`, ...args],
    ],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH")!, HOME: box.home, DENO_DIR: denoDirectory(), ...env },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: err! };
}

/** A configuration in which "alias" is web.example, with a key of its own beside the default key. */
async function withAlias(): Promise<{ box: Sandbox; env: Record<string, string> }> {
  const box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:default");
  await box.put(".config/c3po/web.example.key", RANDOM);
  const config = await box.put("ssh_config", "Host alias\n  HostName web.example\n");
  await box.put("bin/ssh", `#!/bin/sh\nexec /usr/bin/ssh -F ${config} "$@"\n`, 0o755);
  return { box, env: { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}` } };
}

const AT = ["--at", "2026-11-22T08:00:00Z"];
const PORT = "49746\n"; // RANDOM's in that minute

Deno.test("a library path in the environment does not keep c3po from asking and running ssh", async () => {
  const { box, env } = await withAlias();
  await using _ = box;
  const set = { ...env, LD_LIBRARY_PATH: "/opt/cuda/lib64" };
  assertEquals(await confined(box, ["port", "alias", ...AT], { env: set }), {
    code: 0,
    stdout: PORT,
    stderr: "",
  });
  const { code, stderr } = await confined(box, ["ssh", "-V"], { env: set });
  assertEquals([code, stderr.startsWith("OpenSSH_")], [0, true], stderr);
});

Deno.test("where ssh cannot be asked who a host is, no other host's key is taken", async () => {
  const { box, env } = await withAlias();
  await using _ = box;
  const preloaded = await confined(box, ["port", "alias", ...AT], {
    env: { ...env, LD_PRELOAD: "libc.so.6" },
  });
  assertEquals([preloaded.code, preloaded.stdout], [1, ""]);
  assertMatch(
    preloaded.stderr,
    /^c3po: error: ssh: not started, because LD_PRELOAD is set\nc3po: hint:/,
  );
  await box.put("bin/ssh", "#!/bin/sh\necho 'line 3: Bad option' >&2; exit 255\n", 0o755);
  await box.c3po(["port", "alias", ...AT], {
    code: 1,
    stderr: 'c3po: error: ssh cannot tell which host "alias" is: line 3: Bad option\n',
  }, { env });
  await Deno.remove(box.path("bin/ssh"));
  // Without any ssh a name is no alias.
  const by = await box.c3po(["port", "other", ...AT], { stdout: /^\d+\n$/ }, {
    env: { PATH: box.home },
  });
  await box.c3po(["port", ...AT], { stdout: by });
});

Deno.test({
  name: "in a folder that the user may not enter ssh is run all the same",
  ignore: !isRoot,
}, async () => {
  const { box, env } = await withAlias();
  await using _ = box;
  await box.put("closed/x", "");
  await Deno.chmod(box.path("closed"), 0o700);
  const script = `cd ${box.path("closed")} && chown -R 65534:65534 ${box.home}/.config && ` +
    `chmod 755 ${box.home} && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`;
  await box.put("denodir/x", "");
  await new Deno.Command("sh", {
    args: [
      "-c",
      `chmod 644 ${box.path("ssh_config")}; chmod 711 ${box.home}; ` +
      `cp ${Deno.execPath()} ${box.path("deno")} && chmod 755 ${box.path("deno")} && chown 65534 ${
        box.path("denodir")
      }`,
    ],
  }).output();
  const program = await bundled(box);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [
      ...["-c", script, "sh", box.path("deno"), "run", "--no-prompt"],
      ...permissionFlags("linux", "login"),
      ...[program, "port", "alias", ...AT],
    ],
    clearEnv: true,
    env: { HOME: box.home, DENO_DIR: box.path("denodir"), DENO_NO_UPDATE_CHECK: "1", ...env },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([code, ...text], [0, PORT, ""]);
});

async function bundled(box: Sandbox): Promise<string> {
  const output = box.path("login.js");
  await bundle(output, "login.ts");
  await Deno.chmod(output, 0o644);
  return output;
}

Deno.test("no program that c3po starts has the key in its environment", async () => {
  await using box = await Sandbox.create();
  await box.put("bin/ssh", '#!/bin/sh\nenv >>"$HOME/env"\nexec /usr/bin/ssh "$@"\n', 0o755);
  const env = { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}`, C3PO_SECRET: RANDOM };
  await box.c3po(["ssh", "-TG", "web"], { stdout: /^hostname web$/m }, { env });
  const file = await box.put("own.key", RANDOM);
  await box.c3po(["ssh", "-TG", "web"], { stdout: /^hostname web$/m }, {
    env: { ...env, C3PO_KEY_FILE: file },
  });
  const { text } = await box.get("env");
  assertMatch(text, /^HOME=/m);
  assertEquals(text.match(/^C3PO_(SECRET|KEY_FILE)=.*$/gm), null);
});

Deno.test("a script called ssh that runs c3po ssh again is stopped, and the user told", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", RANDOM);
  const c3po = `${Deno.execPath()} run -A ${CHECKOUT}main.ts`;
  const env = { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}` };
  // The one answers what ssh would do with a name, the other does not even that.
  for (const asked of ['case $1 in -G) exec /usr/bin/ssh "$@" ;; esac', ":"]) {
    await box.put("bin/ssh", `#!/bin/sh\n${asked}\nexec ${c3po} ssh "$@"\n`, 0o755);
    // A loop that nothing stops would fill this machine.
    await box.c3po(["ssh", "web"], {
      code: 1,
      stderr:
        /^c3po: error: the ssh on the PATH runs c3po ssh again, in an endless loop\nc3po: hint: /m,
    }, { env, prefix: ["timeout", "60"] });
  }
});

Deno.test({
  name: "without HOME the key is looked for where the system has the user's home",
  ignore: !isRoot,
}, async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/web.key", RANDOM);
  // Seen by this command alone: a list of accounts that has root's home here.
  const passwd = await box.put("passwd", `root:x:0:0:root:${box.home}:/bin/sh\n`);
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      ...[
        "--mount",
        "sh",
        "-c",
        `mount --bind ${passwd} /etc/passwd && unset HOME && exec "$@"`,
        "sh",
      ],
      ...[Deno.execPath(), "run", "-A", `${CHECKOUT}main.ts`, "port", "web", ...AT],
    ],
    env: { DENO_DIR: denoDirectory() },
  }).output();
  assertEquals([stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)), [PORT, ""]);
});

Deno.test({
  name: "root's own key of this server is not tried on another host",
  ignore: !isRoot,
}, async () => {
  await using box = await Sandbox.create();
  const file = await box.put("etc/key", RANDOM);
  const over = `${box.home}/over`;
  await Deno.mkdir(over);
  const { code, stderr } = await new Deno.Command("unshare", {
    args: [
      "--mount",
      "sh",
      "-c",
      `mount -t tmpfs tmpfs ${over} && mkdir ${over}/u ${over}/w && mount -t overlay overlay ` +
      `-o lowerdir=/etc,upperdir=${over}/u,workdir=${over}/w /etc && mkdir -p /etc/c3po && ` +
      `cp -p ${file} /etc/c3po/key && "$@" port ${AT.join(" ")} && exec "$@" port web`,
      "sh",
      ...[Deno.execPath(), "run", "-A", `${CHECKOUT}main.ts`],
    ],
    env: { HOME: box.home, DENO_DIR: denoDirectory() },
  }).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /^c3po: error: no key found for "web"\n/);
});

Deno.test("an ssh of a relative directory in PATH is not run, and the user told in one line", async () => {
  const { box, env } = await withAlias();
  await using _ = box;
  const script = 'cd "$HOME" && exec "$@"';
  const relative = { PATH: `bin:${env["PATH"]}` };
  for (const args of [["port", "alias", ...AT], ["ssh", "-V"]]) {
    assertEquals(await confined(box, args, { env: relative, script }), {
      code: 1,
      stdout: "",
      stderr: "c3po: error: ssh: not started: it is no longer where c3po found it at its start\n" +
        "c3po: hint: remove relative directories from PATH\n",
    });
  }
});
