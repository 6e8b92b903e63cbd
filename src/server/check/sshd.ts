import type { Finding } from "../../core/finding.ts";
import { bannerOf } from "../../host/listener.ts";
import { listeningPorts } from "../../host/procfs.ts";
import { sshdSettings } from "../../host/sshd.ts";
import type { Checkup } from "./checkup.ts";

/** sshd, to which the ports lead. */
export async function sshdFindings({ config, isService }: Checkup): Promise<Finding[]> {
  const what = "sshd";
  const port = config.sshPort;
  const settings = await sshdSettings();
  const ports = settings?.get("port")?.map(Number) ?? [];
  const elsewhere = ports.filter((each) => each !== port);
  if (!(await listeningPorts()).has(port)) {
    const todo = elsewhere.length > 0
      ? `sshd is set up for port ${elsewhere.join(", ")}: serve --ssh-port ${elsewhere[0]}`
      : "start it, or name its port with serve --ssh-port";
    // At boot sshd may come later, and serve must not wait for it.
    const grade = isService ? "warn" : "fail";
    return [{ grade, what, found: `nothing listens on port ${port} for others`, todo }];
  }
  const findings: Finding[] = [];
  const banner = await bannerOf(port);
  findings.push(
    banner?.startsWith("SSH-")
      ? { grade: "ok", what, found: `listens on port ${port} (${banner})` }
      : {
        grade: "warn",
        what,
        found: `what listens on port ${port} does not answer like an sshd on this machine`,
        todo: "see whether it is one: ss -ltnp",
      },
  );
  if (elsewhere.length > 0) {
    findings.push({
      grade: "warn",
      what,
      found: `it also answers on port ${elsewhere.join(", ")}, which C3PO does not hide`,
      todo: "take that Port out of sshd_config",
    });
  }
  if (settings?.get("passwordauthentication")?.[0] === "yes") {
    findings.push({
      grade: "warn",
      what,
      found: "it takes passwords; C3PO hides the door and is not the lock",
      todo: "use keys, and set PasswordAuthentication no",
    });
  }
  return findings;
}
