import { os } from "./host.ts";
import type { SshSettings } from "./ssh_settings.ts";
import { tryTool } from "./tool.ts";
import { ToolFailure } from "./tool_failure.ts";

/**
 * The name under which plain ssh would find the host's key. For a host with a port of its own ssh looks
 * for `[name]:port`, then for the name alone, and compares certificates with the name alone. An
 * alias switches all of that off, so it has to be the one that ssh would end up with.
 *
 * @returns null if the user has chosen a name
 */
export async function knownName(settings: SshSettings): Promise<string | null> {
  if (settings.hostKeyAlias !== null) return null;
  const name = settings.hostname.toLowerCase();
  if (settings.port === 22) return name;
  const withPort = `[${name}]:${settings.port}`;
  if (os === "windows") return withPort;
  const files = `${settings.knownHosts} ${settings.globalKnownHosts}`.split(" ").filter((file) =>
    file !== ""
  );
  const answers = await Promise.all(files.map((file) => hasKey(withPort, file)));
  return answers.includes(true) ? withPort : name;
}

/** Whether a file of known hosts has a key, not only an authority, for that name. */
async function hasKey(name: string, file: string): Promise<boolean> {
  try {
    const { code, stdout } = await tryTool("ssh-keygen", ["-F", name, "-f", file]);
    return code === 0 && stdout.split("\n").some((line) => /^[^#@\s]/.test(line));
  } catch (error) {
    if (error instanceof ToolFailure) return false;
    throw error;
  }
}
