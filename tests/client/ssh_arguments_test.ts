import { assertEquals } from "@std/assert";
import { readSshArguments, type SshArguments } from "../../src/client/ssh_arguments.ts";
import { portArguments, readSshSettings, type SshSettings } from "../../src/os/ssh_settings.ts";

const reads = (line: string, expected: Partial<SshArguments>): void => {
  const args = line === "" ? [] : line.split(" ");
  const nothing = { host: null, port: null, query: false, control: false, command: false };
  assertEquals(readSshArguments(args), { ...nothing, ...expected }, line);
};

Deno.test("the host is found wherever ssh accepts it", () => {
  reads("web", { host: "web" });
  reads("root@web", { host: "web" });
  reads("a@b@web", { host: "web" });
  reads("-v -i key web", { host: "web" });
  reads("-ikey web", { host: "web" });
  reads("-vvNi key web", { host: "web" });
  reads("-L 8080:localhost:80 -fN web", { host: "web" });
  reads("-o User=x -Jjump web", { host: "web" });
  reads("-w 0:1 -W a:1 -S none web", { host: "web" });
  reads("web -v", { host: "web" });
  reads("-- web", { host: "web" });
  reads("2001:db8::1", { host: "2001:db8::1" });
  reads("- web", { host: "-", command: true });
});

Deno.test("a command begins with the first word behind the host that is no option", () => {
  reads("web -t top -p", { host: "web", command: true });
  reads("web -p 5 top", { host: "web", command: true, port: "-p 5" });
  reads("web ls -p 22", { host: "web", command: true });
  reads("web -- -p 22", { host: "web", command: true });
  reads("-- web -p 22", { host: "web", command: true });
  reads("-s web sftp", { host: "web", command: true });
});

Deno.test("a port chosen by the user is found in every spelling", () => {
  reads("-p 22 web", { host: "web", port: "-p 22" });
  reads("-p22 web", { host: "web", port: "-p 22" });
  reads("-vp22 web", { host: "web", port: "-p 22" });
  reads("web -Np 22", { host: "web", port: "-p 22" });
  reads("-oPort=22 web", { host: "web", port: "-o Port=22" });
  reads("-4o port=22 web", { host: "web", port: "-o port=22" });
  assertEquals(readSshArguments(["-o", "Port 22", "web"]).port, "-o Port 22");
  reads("ssh://me@web:2222/", { host: "web", port: "ssh://me@web:2222/" });
  reads("ssh://[2001:db8::1]:2222", { host: "2001:db8::1", port: "ssh://[2001:db8::1]:2222" });
});

Deno.test("what only looks like a port is none", () => {
  reads("-i -p web", { host: "web" });
  reads("-o PortX=1 -l -p22 web", { host: "web" });
  reads("ssh://me@web", { host: "web" });
  reads("ssh://me@[2001:db8::1]/", { host: "2001:db8::1" });
  reads("-e p web", { host: "web" });
});

Deno.test("questions to ssh itself and to a running master are told apart", () => {
  reads("", {});
  reads("-V", { query: true });
  reads("-vQ cipher", { query: true });
  reads("-O check web", { host: "web", control: true });
  reads("-Oexit web", { host: "web", control: true });
  reads("-p", { port: "-p " });
});

const plain: SshSettings = {
  hostname: "web.example.org",
  port: 22,
  hostKeyAlias: null,
  controlPath: null,
  isIpv4Only: false,
  checksHostIp: false,
  indirect: false,
  proxied: false,
  proxyJump: null,
  proxyCommand: null,
  command: false,
  isQuiet: false,
  connectTimeout: null,
  knownHosts: "",
  globalKnownHosts: "",
};

Deno.test("readSshSettings() reads what ssh -G prints", () => {
  const head = "host web\r\nuser me\r\nhostname web.example.org\r\nport 22\r\n";
  assertEquals(readSshSettings(head), plain);
  const full =
    "hostname ::1\nport 2222\naddressfamily inet\ncheckhostip yes\nhostkeyalias x\nremotecommand top\n" +
    "connecttimeout 3\nuserknownhostsfile /a /b\nglobalknownhostsfile /c\nloglevel QUIET\ncontrolpath /tmp/a b\nproxyjump jump\nidentityfile ~/.ssh/a\nidentityfile ~/.ssh/b\n";
  assertEquals(readSshSettings(full), {
    hostname: "::1",
    port: 2222,
    hostKeyAlias: "x",
    controlPath: "/tmp/a b",
    isIpv4Only: true,
    checksHostIp: true,
    indirect: true,
    proxied: false,
    proxyJump: "jump",
    proxyCommand: null,
    command: true,
    isQuiet: true,
    connectTimeout: 3,
    knownHosts: "/a /b",
    globalKnownHosts: "/c",
  });
  const proxyCommand = "/usr/bin/c3po proxy --key k web";
  const ours = readSshSettings(`${head}proxycommand ${proxyCommand}\nconnecttimeout none\n`);
  assertEquals(ours, { ...plain, proxied: true, proxyCommand });
  const theirs = readSshSettings(head + "proxycommand nc web 22\n");
  assertEquals(theirs, { ...plain, indirect: true, proxyCommand: "nc web 22" });
  assertEquals(readSshSettings(head + "controlpath none\nproxycommand none\n"), plain);
});

Deno.test("a ProxyCommand is ours only where it runs c3po on this machine", () => {
  const isOurs = (command: string): boolean =>
    readSshSettings(`hostname web\nport 22\nproxycommand ${command}\n`)!.proxied;
  for (
    const ours of [
      "c3po proxy %h",
      "exec c3po proxy web",
      "/usr/bin/c3po proxy --key k web",
      "'/opt/my c3po/bin/c3po' proxy web",
      '"C:\\Program Files\\c3po\\c3po.exe" proxy web',
      "/usr/bin/deno run --no-prompt -A '/home/me/a folder/main.ts' proxy web",
    ]
  ) assertEquals(isOurs(ours), true, ours);
  for (
    const theirs of [
      "ssh jump c3po proxy web",
      "ssh -W web:22 jump",
      "sh -c 'exec ssh jump c3po proxy web'",
      "nc web 22",
      "c3po-other proxy web",
      "my-c3po proxy web",
    ]
  ) assertEquals(isOurs(theirs), false, theirs);
});

Deno.test("readSshSettings() returns null for anything else", () => {
  for (const text of ["", "usage: ssh", "hostname web\n", "hostname web\nport x\n"]) {
    assertEquals(readSshSettings(text), null);
  }
});

Deno.test("another port leaves the names of known_hosts and of the shared connection alone", () => {
  const args = (change: Partial<SshSettings>): string[] =>
    portArguments({ ...plain, ...change }, { port: 4000 }, null).slice(2);
  assertEquals(portArguments(plain, { port: 4000 }, "web.example.org"), [
    "-p",
    "4000",
    "-o",
    "HostKeyAlias=web.example.org",
  ]);
  assertEquals(portArguments(plain, { port: 4000, address: "2001:db8::7" }, "web.example.org"), [
    ...["-p", "4000"],
    ...["-o", "HostName=2001:db8::7"],
    ...["-o", "HostKeyAlias=web.example.org"],
  ]);
  assertEquals(args({ hostKeyAlias: "w" }), []);
  assertEquals(args({ knownHosts: "/a/kh_22 /b%" }), ["-o", "UserKnownHostsFile=/a/kh_22 /b%%"]);
  assertEquals(args({ hostKeyAlias: "w", proxied: true }), ["-o", "ProxyCommand=none"]);
  assertEquals(args({ hostKeyAlias: "w", checksHostIp: true }), ["-o", "CheckHostIP=no"]);
  assertEquals(args({ hostKeyAlias: "w", controlPath: "/t/a%b" }), ["-o", "ControlPath=/t/a%%b"]);
  assertEquals(args({ hostKeyAlias: "w", controlPath: "/t/a b" }), ["-o", 'ControlPath="/t/a b"']);
});
