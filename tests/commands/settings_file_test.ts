import { assertEquals, assertMatch } from "@std/assert";
import { parse as parseToml } from "@std/toml";
import { manPages } from "../../build/man_pages.ts";
import { fileSource, readServerConfig } from "../../src/server/config.ts";
import { OPTIONS, settingName } from "../../src/server/options.ts";
import { SERVICE_LINES } from "../../src/server/service_settings.ts";
import { SHARE_LINES } from "../../src/server/share_settings.ts";
import { SETTING_LINES, settingsExample } from "../../src/server/settings_file.ts";
import { USER_SETTINGS } from "../../src/users/user_file.ts";
import { c3poCommand, CHECKOUT, denoDirectory, run } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

const EXAMPLE = await Deno.readTextFile(`${CHECKOUT}server.toml.example`);

/** The file as somebody has it who wants every line of it to hold. */
const SETTINGS = EXAMPLE.replace(/^#(?=[a-z[])/gm, "");

/** Every name that a settings file can have, those of tables last. */
const NAMES = [
  ...Object.keys(OPTIONS).map(settingName),
  ...[...SERVICE_LINES, ...SHARE_LINES].map(({ name }) => name),
];

Deno.test("server.toml.example is what the table of options gives; deno task settings writes it", () => {
  assertEquals(EXAMPLE, settingsExample());
});

Deno.test("server.toml.example has every setting once, as a comment below what it does", () => {
  const names = [...EXAMPLE.matchAll(/^# .+\n#([a-z_]+) = /gm)].map(([, name]) => name);
  assertEquals(names, NAMES);
  assertEquals(parseToml(EXAMPLE), {});
  assertEquals(EXAMPLE.split("\n").filter((line) => line.length > 80), []);
});

Deno.test("without its comment signs it is a settings file, and its defaults are the defaults", () => {
  const config = readServerConfig([fileSource(parseToml(SETTINGS), "server.toml")]);
  const defaults = readServerConfig([]);
  for (const [property, { fallback }] of Object.entries(OPTIONS)) {
    const { isDefault } = SETTING_LINES.find(({ name }) => name === settingName(property))!;
    const name = property as keyof typeof OPTIONS;
    // That of a path is only told: what is set there has to be there.
    if (isDefault && fallback !== undefined) assertEquals(config[name], defaults[name], property);
  }
  assertEquals(config.services, [{ name: "postgres", port: 5432, hidden: true }]);
  assertEquals(config.share?.store, "rediss://bans.example.org:6380");
  assertEquals([config.share?.publish, config.share?.apply], ["confirmed", "confirmed"]);
});

const accepted = "c3po serve and c3po check accept every line of server.toml.example";
Deno.test({ name: accepted, ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 }, async () => {
  await using box = await Sandbox.create();
  // The files that [share] names are not there.
  const file = await box.put("server.toml", SETTINGS.slice(0, SETTINGS.indexOf("[share]")));
  // A throw-away layer over /etc, seen by this command alone.
  const script = `mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" && ` +
    `mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc && ` +
    `rm -rf /etc/c3po && shift && "$@" key new >/dev/null && cat >/etc/c3po/server.toml && ` +
    '"$@" serve --dry-run && "$@" check --json';
  const folder = box.path("over");
  await Deno.mkdir(folder);
  const { stdout, stderr } = await run("unshare", [
    ...["--mount", "sh", "-c", script, "sh", folder, ...c3poCommand()],
  ], {
    env: { HOME: box.path("none"), DENO_DIR: denoDirectory() },
    stdin: await Deno.readTextFile(file),
  });
  assertEquals(/^c3po: error/m.test(stderr), false, stderr);
  const { findings } = JSON.parse(stdout.slice(stdout.lastIndexOf('{"host":null')));
  const about = (what: string) =>
    findings.filter((each: { what: string }) => each.what === what)
      .map(({ found }: { found: string }) => found);
  assertEquals(about("setup"), []);
  assertEquals(about("key"), ["/etc/c3po/key"]);
  assertMatch(about("service postgres").join(), /5432/);
});

Deno.test("the manual page of the settings shows every setting, each with its value", async () => {
  const page = manPages().find(({ name }) => name === "c3po-server.toml.5")!.text;
  const { stdout } = await run("groff", ["-man", "-Tascii", "-P-cbou"], { stdin: page });
  const shown = [...stdout.matchAll(/^ {5,7}([a-z_]+) = (.*)$/gm)]; // groff 1.24 indents by 5
  assertEquals(shown.map(([, name]) => name), [...NAMES, ...USER_SETTINGS]);
  const lines = [...SETTING_LINES, ...SERVICE_LINES, ...SHARE_LINES];
  assertEquals(
    shown.slice(0, lines.length).map(([, , value]) => value),
    lines.map(({ value }) => value),
  );
  assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
});
