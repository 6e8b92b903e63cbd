import { assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { CHECKOUT, kernelTest, must, run, type RunResult } from "../kernel/lab.ts";
import { Scene, script } from "./releases.ts";

/** A user who is neither root nor the owner of anything here. */
const STRANGER = 65534;

/** A release to install, and a prefix below a folder that is there for it alone. */
async function scene(): Promise<Scene & { below: string }> {
  const scene = await Scene.create();
  await scene.publish("1.0.0", script("1.0.0"));
  const below = join(scene.directory, "above/prefix");
  await Deno.mkdir(below, { recursive: true });
  return Object.assign(scene, { below });
}

async function uninstall(scene: Scene, prefix: string): Promise<RunResult> {
  const env = scene.environment({ C3PO_INSTALL_DIR: prefix });
  return await run("sh", [join(CHECKOUT, "install.sh"), "--uninstall"], { env });
}

/** How a stranger can come to what root puts below a prefix. */
const CHANGEABLE: Record<string, (prefix: string) => Promise<unknown>> = {
  "is a stranger's": (prefix) => Deno.chown(prefix, STRANGER, STRANGER),
  "all may write to": (prefix) => Deno.chmod(prefix, 0o777),
  "all may write to, but not take files away from": (prefix) => must("chmod", ["1777", prefix]),
  "a group may write to": async (prefix) => {
    await Deno.chown(prefix, 0, STRANGER);
    await Deno.chmod(prefix, 0o775);
  },
  "an access control list lets a stranger change": (prefix) =>
    must("setfacl", ["-m", `u:${STRANGER}:rwx`, prefix]),
  "lies in a stranger's folder": (prefix) => Deno.chown(dirname(prefix), STRANGER, STRANGER),
  "lies in a folder that all may write to": (prefix) => Deno.chmod(dirname(prefix), 0o777),
  "is still to be made in a folder that all may write to": async (prefix) => {
    await Deno.remove(prefix);
    await Deno.chmod(dirname(prefix), 0o777);
  },
  "a stranger's link leads to": async (prefix) => {
    await Deno.rename(prefix, `${prefix}-of-root`);
    await Deno.chmod(dirname(prefix), 0o777);
    await Deno.symlink(`${prefix}-of-root`, prefix);
    await must("chown", ["-h", `${STRANGER}`, prefix]);
  },
  "has a stranger's folder for programs": async (prefix) => {
    await Deno.mkdir(join(prefix, "bin"));
    await Deno.chown(join(prefix, "bin"), STRANGER, STRANGER);
  },
  "has a folder for programs that such a list lets them change": async (prefix) => {
    await Deno.mkdir(join(prefix, "bin"));
    await must("setfacl", ["-m", `u:${STRANGER}:rwx`, join(prefix, "bin")]);
  },
  "has a stranger's folder of compiled code": async (prefix) => {
    await Deno.mkdir(join(prefix, "lib/c3po/cache"), { recursive: true });
    await Deno.chown(join(prefix, "lib/c3po/cache"), STRANGER, STRANGER);
  },
  "has a link instead of a folder for programs": async (prefix) => {
    await Deno.mkdir(`${prefix}-programs`);
    await Deno.symlink(`${prefix}-programs`, join(prefix, "bin"));
  },
  "has a stranger's folder where another will be": async (prefix) => {
    await Deno.mkdir(join(prefix, "share/man"), { recursive: true });
    await Deno.chown(join(prefix, "share"), STRANGER, STRANGER);
  },
};

for (const [what, change] of Object.entries(CHANGEABLE)) {
  kernelTest(`root installs nothing to a folder that ${what}, nor removes anything`, async () => {
    await using place = await scene();
    await change(place.below);
    const before = await must("find", [place.directory, "-ls"]);
    for (
      const { code, stdout, stderr } of [
        await place.install({ C3PO_INSTALL_DIR: place.below }),
        await uninstall(place, place.below),
      ]
    ) {
      assertEquals({ code, stdout }, { code: 1, stdout: "" }, stderr);
      assertMatch(
        stderr,
        /^c3po: error: "\/.*" (can be changed by other users|is a link), .*\nc3po: hint: .*C3PO_INSTALL_DIR.*\n$/,
      );
    }
    assertEquals(await must("find", [place.directory, "-ls"]), before);
    assertEquals(place.asked, []);
  });
}

kernelTest("root installs to a folder of its own, through a link of its own too", async () => {
  await using place = await scene();
  const link = join(place.directory, "link");
  await Deno.symlink(place.below, link);
  const { code, stderr } = await place.install({ C3PO_INSTALL_DIR: `${link}/new` });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const installed = await must(join(place.below, "new/bin/c3po"), ["--version"]);
  assertEquals(installed, "c3po 1.0.0\n");
});

kernelTest("root installs to a folder of whoever runs sudo", async () => {
  await using place = await scene();
  await Deno.chown(place.below, STRANGER, STRANGER);
  const env = { C3PO_INSTALL_DIR: place.below, SUDO_UID: String(STRANGER) };
  const { code, stderr } = await place.install(env);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

kernelTest("a user installs wherever they may write", async () => {
  await using place = await scene();
  await Deno.chmod(place.below, 0o777);
  const nobody = [`--reuid=${STRANGER}`, `--regid=${STRANGER}`, "--clear-groups", "sh"];
  const { code, stderr } = await run("setpriv", nobody, {
    stdin: await Deno.readTextFile(join(CHECKOUT, "install.sh")),
    env: place.environment({ C3PO_INSTALL_DIR: place.below }),
    cwd: "/",
  });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});
