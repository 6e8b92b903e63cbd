import type { Finding } from "../../os/finding.ts";
import { bannerOf } from "../../os/listener.ts";
import { listeningSockets } from "../../os/sockets.ts";
import { sshdPorts, sshdSettings } from "../../os/sshd.ts";
import type { Checkup } from "./checkup.ts";

/** sshd, to which the ports lead. */
export async function sshdFindings({ config, isService }: Checkup): Promise<Finding[]> {
  const what = "sshd";
  const port = config.sshPort;
  const settings = await sshdSettings();
  const ports = sshdPorts(settings?.get("listenaddress") ?? []);
  const elsewhere = ports.filter((each) => each !== port);
  const sockets = (await listeningSockets()).filter((each) => each.port === port);
  if (sockets.length === 0) {
    const todo = elsewhere.length > 0
      ? `sshd is configured for port ${elsewhere.join(", ")}: serve --ssh-port ${elsewhere[0]}`
      : "start sshd, or set its port with serve --ssh-port";
    // At boot sshd may come later, and serve must not wait for it.
    const grade = isService ? "warn" : "fail";
    return [{
      grade,
      what,
      found: `nothing listens on port ${port} for outside connections`,
      todo,
    }];
  }
  const findings: Finding[] = [];
  const named = sockets.flatMap(({ local }) => local === null ? [] : [local]);
  const banner = await bannerOf(port, named.length < sockets.length ? undefined : named);
  findings.push(
    banner?.startsWith("SSH-")
      ? { grade: "ok", what, found: `listens on port ${port} (${banner})` }
      : {
        grade: "warn",
        what,
        found: `the listener on port ${port} does not answer like sshd`,
        todo: "check what it is: ss -ltnp",
      },
  );
  if (elsewhere.length > 0) {
    findings.push({
      grade: "warn",
      what,
      found: `it also answers on port ${elsewhere.join(", ")}, which C3PO does not hide`,
      todo: "remove that Port or ListenAddress from sshd_config",
    });
  }
  if (settings?.get("passwordauthentication")?.[0] === "yes") {
    findings.push({
      grade: "warn",
      what,
      found: "it accepts passwords; C3PO hides sshd but does not protect weak logins",
      todo: "use keys, and set PasswordAuthentication no",
    });
  }
  return findings;
}
