import { run } from "../../../tests/kernel/lab.ts";

/** Where and with what something was measured. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly system: string;
  readonly virtual: string;
  /** Processes that wanted to run when the measurements began, over a minute. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  ...["openssh-server", "iptables", "nftables", "ipset", "fwknop-server", "knockd", "fail2ban"],
  ...["sshguard", "portsentry", "endlessh", "oathtool", "python3", "nmap", "hping3"],
];

export async function machine(): Promise<Machine> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo");
  const memory = await Deno.readTextFile("/proc/meminfo");
  const system = await Deno.readTextFile("/etc/os-release");
  const versions: Record<string, string> = { deno: Deno.version.deno };
  for (const name of PACKAGES) {
    const { code, stdout } = await run("dpkg-query", ["-W", "-f", "${Version}", name]);
    versions[name] = code === 0 ? stdout : "not installed";
  }
  const { stdout: virtual } = await run("sh", ["-c", "systemd-detect-virt 2>/dev/null || :"]);
  return {
    date: new Date().toISOString().slice(0, 16) + "Z",
    cpu: /^model name\s*: (.*)$/m.exec(cpu)?.[1] ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryGb: Math.round(Number(/^MemTotal:\s+(\d+)/.exec(memory)![1]) / 2 ** 20),
    kernel: Deno.osRelease().split("-")[0]!,
    system: /^PRETTY_NAME="(.*)"$/m.exec(system)![1]!,
    virtual: virtual.trim() || "unknown",
    load: Deno.loadavg()[0]!,
    versions,
  };
}
